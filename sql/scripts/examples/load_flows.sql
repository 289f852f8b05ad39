-- Loads Parquet files of flows (columns as in the flow table, any order) into the flow table,
-- each flow into the partition of its time.
--
-- Variables: files (a folder of Parquet files, absolute), database (default).

DROP TABLE IF EXISTS ${database:-default}.flow_files;

CREATE EXTERNAL TABLE ${database:-default}.flow_files (
  treceived STRING, unix_tstamp BIGINT, tryear INT, trmonth INT, trday INT, trhour INT,
  trminute INT, trsec INT, tdur FLOAT, sip STRING, dip STRING, sport INT, dport INT,
  proto STRING, flag STRING, fwd INT, stos INT, ipkt BIGINT, ibyt BIGINT, opkt BIGINT,
  obyt BIGINT, input INT, output INT, sas INT, das INT, dtos INT, dir INT, rip STRING
)
STORED AS PARQUET
LOCATION '${files}';

INSERT INTO ${database:-default}.flow PARTITION (y, m, d, h)
SELECT *, tryear, trmonth, trday, trhour FROM ${database:-default}.flow_files;

-- The files stay where they are.
DROP TABLE ${database:-default}.flow_files;
