-- The tables for DNS responses: the ingest table, the results of detection and the analyst's own.
-- Variables: database (default: default). Running it again changes nothing.

CREATE DATABASE IF NOT EXISTS ${database:-default};

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns (
  frame_time STRING, unix_tstamp BIGINT, frame_len INT, ip_dst STRING, ip_src STRING,
  dns_qry_name STRING, dns_qry_class STRING, dns_qry_type INT, dns_qry_rcode INT, dns_a STRING
)
COMMENT 'DNS responses; ip_dst is the client that asked'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT, h TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_scores (
  frame_time STRING, unix_tstamp BIGINT, frame_len BIGINT, ip_dst STRING, dns_qry_name STRING,
  dns_qry_class STRING, dns_qry_type INT, dns_qry_rcode INT, ml_score DOUBLE, tld STRING,
  query_rep STRING, hh INT, dns_qry_class_name STRING, dns_qry_type_name STRING,
  dns_qry_rcode_name STRING, network_context STRING
)
COMMENT 'the most suspicious DNS responses of a day; a low ml_score is suspicious'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/suspicious';

-- Not one of the original's tables.
CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_leads (
  rank INT, ml_score DOUBLE, answers BIGINT, first_seen STRING, last_seen STRING,
  ip_dst STRING, names BIGINT, name_first STRING, name_last STRING, dns_qry_type INT,
  dns_qry_rcode INT,
  document STRING, word STRING, meaning STRING, times BIGINT, elsewhere BIGINT, usual STRING
)
COMMENT 'the most suspicious leads of a day: DNS answers with the same documents and words, and why'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/leads';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_edge (
  unix_tstamp BIGINT, frame_len BIGINT, ip_dst STRING, ip_src STRING, dns_qry_name STRING,
  dns_qry_class STRING, dns_qry_type INT, dns_qry_rcode INT, dns_a STRING, hh INT,
  dns_qry_class_name STRING, dns_qry_type_name STRING, dns_qry_rcode_name STRING,
  network_context STRING
)
COMMENT 'answers whose name contains a suspicious name, in its hour'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/edge';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_dendro (
  unix_tstamp BIGINT, dns_a STRING, dns_qry_name STRING, ip_dst STRING
)
COMMENT 'names and answers of each suspicious client'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/dendro';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_ingest_summary (
  tdate STRING, total BIGINT
)
COMMENT 'valid responses per minute'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/summary';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_threat_investigation (
  unix_tstamp BIGINT, ip_dst STRING, dns_qry_name STRING, ip_sev INT, dns_sev INT
)
COMMENT 'ratings of analysts for the client or the name: 1 high, 2 medium, 3 low'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/threat_investigation';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_storyboard (
  ip_threat STRING, dns_threat STRING, title STRING, text STRING
)
COMMENT 'what an analyst concluded about a threat'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/storyboard';

CREATE EXTERNAL TABLE IF NOT EXISTS ${database:-default}.dns_threat_dendro (
  anchor STRING, total BIGINT, dns_qry_name STRING, ip_dst STRING
)
COMMENT 'who asked for a name, or what a client asked for'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET
LOCATION 'dns/hive/oa/threat_dendro';
