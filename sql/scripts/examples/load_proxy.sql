-- Loads Parquet files of web requests (columns as in the proxy table, any order) into the proxy table, each
-- request into the partition of its time (UTC).
--
-- p_date and p_time may be text in the usual notations, numbers of seconds to nanoseconds, dates or timestamps, and
-- p_date may hold the time as well; they are stored as YYYY-MM-DD and HH:MM:SS. Requests without a day and an hour
-- go to proxy_rejected. A file is loaded once.
--
-- Variables: files (a file, a folder or a pattern), database (default), again (true: load files that were loaded before).

LOAD FILES '${files}' INTO TABLE ${database:-default}.proxy
REQUIRE (p_date, clientip, host, fulluri)
AGAIN ${again:-false}
AS SELECT *,
  substr(event_text(happened), 1, 10) AS p_date, substr(event_text(happened), 12) AS p_time,
  lpad(year(happened), 4, '0') AS y, lpad(month(happened), 2, '0') AS m,
  lpad(day(happened), 2, '0') AS d, lpad(hour(happened), 2, '0') AS h
FROM (SELECT *, event_time(p_date, p_time) AS happened FROM files);
