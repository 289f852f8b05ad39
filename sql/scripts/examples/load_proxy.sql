-- Loads Parquet files of web requests (columns as in the proxy table, any order) into the proxy
-- table, each request into the partition of its time.
--
-- Variables: files (a folder of Parquet files, absolute), database (default).

DROP TABLE IF EXISTS ${database:-default}.proxy_files;

CREATE EXTERNAL TABLE ${database:-default}.proxy_files (
  p_date STRING, p_time STRING, clientip STRING, host STRING, reqmethod STRING,
  useragent STRING, resconttype STRING, duration INT, username STRING, authgroup STRING,
  exceptionid STRING, filterresult STRING, webcat STRING, referer STRING, respcode STRING,
  action STRING, urischeme STRING, uriport STRING, uripath STRING, uriquery STRING,
  uriextension STRING, serverip STRING, scbytes INT, csbytes INT, virusid STRING,
  bcappname STRING, bcappoper STRING, fulluri STRING
)
STORED AS PARQUET
LOCATION '${files}';

INSERT INTO ${database:-default}.proxy PARTITION (y, m, d, h)
SELECT *, split_part(p_date, '-', 1), split_part(p_date, '-', 2), split_part(p_date, '-', 3),
  split_part(p_time, ':', 1)
FROM ${database:-default}.proxy_files;

-- The files stay where they are.
DROP TABLE ${database:-default}.proxy_files;
