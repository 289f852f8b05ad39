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
AS SELECT *, substr(happened, 1, 10) AS p_date, substr(happened, 12) AS p_time,
  substr(happened, 1, 4) AS y, substr(happened, 6, 2) AS m, substr(happened, 9, 2) AS d, substr(happened, 12, 2) AS h
FROM (SELECT *, event_text(event_time(p_date, p_time)) AS happened FROM files);
