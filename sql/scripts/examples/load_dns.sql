-- Loads Parquet files of DNS answers (columns as in the dns table, any order) into the dns table,
-- each answer into the partition of its time (UTC).
--
-- Variables: files (a folder of Parquet files, absolute), database (default).

DROP TABLE IF EXISTS ${database:-default}.dns_files;

CREATE EXTERNAL TABLE ${database:-default}.dns_files (
  frame_time STRING, unix_tstamp BIGINT, frame_len INT, ip_dst STRING, ip_src STRING,
  dns_qry_name STRING, dns_qry_class STRING, dns_qry_type INT, dns_qry_rcode INT, dns_a STRING
)
STORED AS PARQUET
LOCATION '${files}';

INSERT INTO ${database:-default}.dns PARTITION (y, m, d, h)
SELECT *, year(to_timestamp_seconds(unix_tstamp)), month(to_timestamp_seconds(unix_tstamp)),
  day(to_timestamp_seconds(unix_tstamp)), hour(to_timestamp_seconds(unix_tstamp))
FROM ${database:-default}.dns_files;

-- The files stay where they are.
DROP TABLE ${database:-default}.dns_files;
