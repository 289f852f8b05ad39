-- The demo's DNS: synthetic answers, and apart from them the list of the attacks planted in them.
-- Variables: dns (how many answers), seed, date, database (demo).

-- The organisation of the demo.
SET spotql.user_domains = 'example.com';

INSERT OVERWRITE TABLE ${database:-demo}.dns PARTITION (y, m, d, h)
SELECT * FROM synthetic_dns(${dns}, ${seed}, '${date}');

-- Detection never reads this table; it serves to check what detection found.
CREATE TABLE IF NOT EXISTS ${database:-demo}.dns_planted (
  attack STRING, story STRING, frame_time STRING, unix_tstamp BIGINT, frame_len INT, ip_dst STRING,
  dns_qry_name STRING, dns_qry_type INT, dns_qry_rcode INT
)
COMMENT 'attacks planted in the synthetic day'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET;

INSERT OVERWRITE TABLE ${database:-demo}.dns_planted
PARTITION (y = year('${date}'), m = month('${date}'), d = day('${date}'))
SELECT * FROM synthetic_dns_truth(${dns}, ${seed}, '${date}');
