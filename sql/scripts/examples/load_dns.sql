-- Loads Parquet files of DNS answers (columns as in the dns table, any order) into the dns table, each answer into
-- the partition of its time (UTC).
--
-- unix_tstamp may count seconds to nanoseconds, or be a text or a timestamp; it is stored in seconds. Where it is absent or
-- cannot be read, frame_time counts. Answers without a day go to dns_rejected. A file is loaded once.
--
-- Variables: files (a file, a folder or a pattern), database (default), again (true: load files that were loaded before).

LOAD FILES '${files}' INTO TABLE ${database:-default}.dns
REQUIRE (unix_tstamp OR frame_time, frame_len, ip_dst, dns_qry_name, dns_qry_class OR dns_qry_type OR dns_qry_rcode)
AGAIN ${again:-false}
AS SELECT *, coalesce(CAST(frame_time AS STRING), event_text(happened)) AS frame_time, to_unixtime(happened) AS unix_tstamp,
  year(happened) AS y, month(happened) AS m, day(happened) AS d, hour(happened) AS h
FROM (SELECT *, coalesce(event_time(unix_tstamp), event_time(frame_time)) AS happened FROM files);
