-- The tables for network flows: the ingest table, the results of detection and the analyst's own.
-- Variables: database (default: default). Running it again changes nothing.

CREATE DATABASE IF NOT EXISTS ${database:-default};

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow (
  treceived STRING, unix_tstamp BIGINT, tryear INT, trmonth INT, trday INT, trhour INT,
  trminute INT, trsec INT, tdur FLOAT, sip STRING, dip STRING, sport INT, dport INT,
  proto STRING, flag STRING, fwd INT, stos INT, ipkt BIGINT, ibyt BIGINT, opkt BIGINT,
  obyt BIGINT, input INT, output INT, sas INT, das INT, dtos INT, dir INT, rip STRING
)
COMMENT 'network flows, one row a flow; treceived is the end of the flow, UTC'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT, h TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_scores (
  tstart STRING, srcip STRING, dstip STRING, sport INT, dport INT, proto STRING, ipkt BIGINT,
  ibyt BIGINT, opkt BIGINT, obyt BIGINT, ml_score DOUBLE, rank INT, srcip_internal INT,
  dstip_internal INT, src_geoloc STRING, dst_geoloc STRING, src_domain STRING,
  dst_domain STRING, src_rep STRING, dst_rep STRING
)
COMMENT 'the most suspicious flows of a day; a low ml_score is suspicious'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/suspicious';

-- Not one of the original's tables.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_leads (
  rank INT, ml_score DOUBLE, flows BIGINT, first_seen STRING, last_seen STRING,
  srcip STRING, dstip STRING, sport INT, dport INT, proto STRING, ipkt BIGINT, ibyt BIGINT,
  document STRING, word STRING, meaning STRING, times BIGINT, elsewhere BIGINT, usual STRING
)
COMMENT 'the most suspicious leads of a day: flows with the same documents and words, and why'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/leads';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_edge (
  tstart STRING, srcip STRING, dstip STRING, sport INT, dport INT, proto STRING, flags STRING,
  tos INT, ibyt BIGINT, ipkt BIGINT, input INT, output INT, rip STRING, obyt BIGINT,
  opkt BIGINT, hh INT, mn INT
)
COMMENT 'all flows between the hosts of a suspicious flow in its minute'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/edge';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_chords (
  ip_threat STRING, srcip STRING, dstip STRING, ibyt BIGINT, ipkt BIGINT
)
COMMENT 'day sums between a suspicious address and its suspicious peers'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/chords';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_ingest_summary (
  tdate STRING, total BIGINT
)
COMMENT 'valid flows per minute'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/summary';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_threat_investigation (
  tstart STRING, srcip STRING, dstip STRING, srcport INT, dstport INT, score INT
)
COMMENT 'ratings of analysts: 1 high, 2 medium, 3 low'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/threat_investigation';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_storyboard (
  ip_threat STRING, title STRING, text STRING
)
COMMENT 'what an analyst concluded about a threat'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/storyboard';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.flow_timeline (
  ip_threat STRING, tstart STRING, tend STRING, srcip STRING, dstip STRING, proto STRING,
  sport INT, dport INT, ipkt BIGINT, ibyt BIGINT
)
COMMENT 'first and last time of each conversation of a threat'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'flow/hive/oa/timeline';
