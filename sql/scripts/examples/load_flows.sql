-- Loads Parquet files of flows (columns as in the flow table, any order) into the flow table, each flow into the
-- partition of its time (UTC).
--
-- treceived may be a text in the usual notations, a number of seconds to nanoseconds or a timestamp; it is stored as
-- YYYY-MM-DD HH:MM:SS. Where it is absent or cannot be read, unix_tstamp counts. The parts of the time
-- (tryear to trsec) are kept where a file has them, and filled in where not. Flows without a day go to flow_rejected. A file is loaded once.
--
-- Variables: files (a file, a folder or a pattern), database (default), again (true: load files that were loaded before).

LOAD FILES '${files}' INTO TABLE ${database:-default}.flow
REQUIRE (treceived OR unix_tstamp, sip, dip, sport, dport, proto, ipkt, ibyt)
AGAIN ${again:-false}
AS SELECT *,
  event_text(happened) AS treceived, to_unixtime(coalesce(event_time(unix_tstamp), happened)) AS unix_tstamp,
  coalesce(tryear, year(happened)) AS tryear, coalesce(trmonth, month(happened)) AS trmonth,
  coalesce(trday, day(happened)) AS trday, coalesce(trhour, hour(happened)) AS trhour,
  coalesce(trminute, minute(happened)) AS trminute, coalesce(trsec, second(happened)) AS trsec,
  year(happened) AS y, month(happened) AS m, day(happened) AS d, hour(happened) AS h
FROM (SELECT *, coalesce(event_time(treceived), event_time(unix_tstamp)) AS happened FROM files);
