-- The demo's web requests: synthetic, and apart from them the list of the attacks planted in them.
-- Variables: proxy (how many requests), seed, date, database (demo).

-- The organisation of the demo.
SET spotql.user_domains = 'example.com';

INSERT OVERWRITE TABLE ${database:-demo}.proxy PARTITION (y, m, d, h)
SELECT * FROM synthetic_proxy(${proxy}, ${seed}, '${date}');

-- Detection never reads this table; it serves to check what detection found.
CREATE TABLE IF NOT EXISTS ${database:-demo}.proxy_planted (
  attack STRING, story STRING, p_date STRING, p_time STRING, clientip STRING, host STRING,
  reqmethod STRING, useragent STRING, fulluri STRING, scbytes INT, csbytes INT
)
COMMENT 'attacks planted in the synthetic day'
PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT)
STORED AS PARQUET;

INSERT OVERWRITE TABLE ${database:-demo}.proxy_planted
PARTITION (y = year('${date}'), m = month('${date}'), d = day('${date}'))
SELECT * FROM synthetic_proxy_truth(${proxy}, ${seed}, '${date}');
