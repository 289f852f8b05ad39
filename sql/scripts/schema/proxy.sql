-- The tables for web proxy requests: the ingest table, the results of detection and the analyst's own.
-- Variables: database (default: default). Running it again changes nothing.

CREATE DATABASE IF NOT EXISTS ${database:-default};

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy (
  p_date STRING, p_time STRING, clientip STRING, host STRING, reqmethod STRING,
  useragent STRING, resconttype STRING, duration INT, username STRING, authgroup STRING,
  exceptionid STRING, filterresult STRING, webcat STRING, referer STRING, respcode STRING,
  action STRING, urischeme STRING, uriport STRING, uripath STRING, uriquery STRING,
  uriextension STRING, serverip STRING, scbytes INT, csbytes INT, virusid STRING,
  bcappname STRING, bcappoper STRING, fulluri STRING
)
COMMENT 'web proxy requests'
PARTITIONED BY (y STRING, m STRING, d STRING, h STRING)
STORED AS PARQUET
LOCATION 'proxy/hive';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_scores (
  tdate STRING, time STRING, clientip STRING, host STRING, reqmethod STRING, useragent STRING,
  resconttype STRING, duration INT, username STRING, webcat STRING, referer STRING,
  respcode INT, uriport INT, uripath STRING, uriquery STRING, serverip STRING, scbytes BIGINT,
  csbytes BIGINT, fulluri STRING, word STRING, ml_score DOUBLE, uri_rep STRING,
  respcode_name STRING, network_context STRING
)
COMMENT 'the most suspicious requests of a day; a low ml_score is suspicious'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/suspicious';

-- Not one of the original's tables.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_leads (
  rank INT, ml_score DOUBLE, requests BIGINT, first_seen STRING, last_seen STRING,
  clientip STRING, hosts BIGINT, host_first STRING, host_last STRING, uri_first STRING,
  uri_last STRING, useragent STRING, scbytes BIGINT, csbytes BIGINT,
  document STRING, word STRING, meaning STRING, times BIGINT, elsewhere BIGINT, usual STRING
)
COMMENT 'the most suspicious leads of a day: web requests with the same documents and words, and why'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/leads';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_edge (
  tdate STRING, time STRING, clientip STRING, host STRING, webcat STRING, respcode INT,
  reqmethod STRING, useragent STRING, resconttype STRING, referer STRING, uriport INT,
  serverip STRING, scbytes BIGINT, csbytes BIGINT, fulluri STRING, hh INT,
  respcode_name STRING
)
COMMENT 'requests of the client to the suspicious URI in its hour'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/edge';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_ingest_summary (
  tdate STRING, total BIGINT
)
COMMENT 'valid requests per minute'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/summary';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_threat_investigation (
  tdate STRING, fulluri STRING, uri_sev INT
)
COMMENT 'ratings of analysts: 1 high, 2 medium, 3 low'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/threat_investigation';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_storyboard (
  p_threat STRING, title STRING, text STRING
)
COMMENT 'what an analyst concluded about a threat'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/storyboard';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.proxy_timeline (
  p_threat STRING, tstart STRING, tend STRING, duration BIGINT, clientip STRING,
  respcode STRING, respcodename STRING
)
COMMENT 'first and last time of each conversation of a threat'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'proxy/hive/oa/timeline';
