-- The demo's netflow: synthetic, and apart from it the list of the attacks planted in it.
-- Variables: flows, seed, date, database (demo).

INSERT OVERWRITE TABLE ${database:-demo}.flow PARTITION (y, m, d, h)
SELECT * FROM synthetic_flow(${flows}, ${seed}, '${date}');

-- Detection never reads this table; it serves to check what detection found.
CREATE TABLE IF NOT EXISTS ${database:-demo}.flow_planted (
  attack STRING, story STRING, treceived STRING, sip STRING, dip STRING, sport INT, dport INT,
  proto STRING, ipkt BIGINT, ibyt BIGINT
)
COMMENT 'attacks planted in the synthetic day'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET;

INSERT OVERWRITE TABLE ${database:-demo}.flow_planted
PARTITION (y = year('${date}'), m = month('${date}'), d = day('${date}'))
SELECT * FROM synthetic_flow_truth(${flows}, ${seed}, '${date}');
