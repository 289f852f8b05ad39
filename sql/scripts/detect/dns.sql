-- A day's most suspicious DNS answers, into dns_scores. Running it again gives the same table,
-- unless answers have been rated in between (see below).
--
-- Variables
--   date        the day, YYYY-MM-DD                       (required)
--   hours       only the records of these hours, such as 8,9,10,11   (all)
--   database    where dns and dns_scores are              (default)
--   threshold   rows with a higher score are left out     (1)
--   limit       how many rows are kept                    (300)
--   words, scoring   v2 and leave_one_out; 'spot' and 'spot' are the original's method
--   restarts, topics, iterations   of the model (2, 10, 60; with the original's scoring 1, 20, 20)
--   seed, precision, optimizer   of the training (1, double, em)
--   feedback_days   ratings of the day and of so many days before it count   (30)
--   dupfactor   how often a record rated 3 counts in training   (1000)
--
-- With hours, training and limit are for these hours alone. Rows that are listed for the day's other hours
-- (by hh) stay, unless they have been rated since. Their context is made anew.
--
-- Your own domains, and a list of well-known ones in place of the shipped one, are settings:
--   SET spotql.user_domains = 'example.com';
--   SET spotql.top_domains = 'file /data/tranco.csv';
-- in a script of yours that runs before: spotql run settings.sql detect/dns.sql --var date=…
--
-- How many records were scored, and why others were not:
--   spotql run detect/dns_summary.sql --var date=…
--
-- To rate answers, insert their keys with 1 (high), 2 (medium) or 3 (low: no threat), or 0, for the
-- client and for the name, for their day:
--   INSERT INTO dns_threat_investigation PARTITION (y = 2016, m = 7, d = 8)
--   SELECT unix_tstamp, ip_dst, dns_qry_name, 0, 3 FROM dns_scores
--   WHERE y = 2016 AND m = 7 AND d = 8 AND dns_qry_name LIKE '%.update.example.net';
-- Rated answers leave the day's list when this runs again. Those rated 3 (and never 1 or 2) take part
-- in the training of this and later days, so that records like them become probable.

INSERT OVERWRITE TABLE ${database:-default}.dns_scores
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT
  frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class, dns_qry_type,
  dns_qry_rcode, ml_score,
  tld, query_rep, hh, dns_qry_class_name, dns_qry_type_name, dns_qry_rcode_name, network_context
FROM enrich(source => 'dns', input => (
SELECT
  frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name,
  coalesce(absent_as_null(dns_qry_class), 'unknown') AS dns_qry_class,
  coalesce(dns_qry_type, -1) AS dns_qry_type,
  coalesce(dns_qry_rcode, -1) AS dns_qry_rcode,
  ml_score, h
FROM (
  (SELECT
    frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class,
    dns_qry_type, dns_qry_rcode, score AS ml_score, h
  FROM unrated(source => 'dns', ratings => ${database:-default}.dns_threat_investigation,
    input => (SELECT * FROM lda_score(
    (SELECT * FROM ${database:-default}.dns
     WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
       AND ('${hours:-all}' = 'all' OR h IN (${hours:-NULL}))),
    source => 'dns',
    words => '${words:-v2}',
    scoring => '${scoring:-leave_one_out}',
    -- Of the ratings, those of harmless answers; the answers are looked up in the days before.
    feedback => ${database:-default}.dns_threat_investigation,
    history => (
      SELECT * FROM ${database:-default}.dns
      WHERE y * 10000 + m * 100 + d
        BETWEEN CAST(to_char(DATE '${date}' - INTERVAL '${feedback_days:-30}' DAY, '%Y%m%d') AS INT)
          AND CAST(to_char(DATE '${date}', '%Y%m%d') AS INT)
    ),
    dupfactor => ${dupfactor:-1000},
    optimizer => '${optimizer:-em}',
    restarts => ${restarts:-NULL},
    topics => ${topics:-NULL},
    iterations => ${iterations:-NULL},
    seed => ${seed:-1},
    precision => '${precision:-double}'
  )))
  WHERE score <= ${threshold:-1}
  -- The other columns decide between equal scores, so that the same day gives the same rows.
  ORDER BY ml_score, unix_tstamp, frame_time, ip_dst, dns_qry_name, frame_len, dns_qry_type,
    dns_qry_rcode, dns_qry_class, h
  LIMIT ${limit:-300})
  UNION ALL
  -- The rows that are listed for the day's other hours. Without hours there are none: x NOT IN (NULL) is never true.
  SELECT
    frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class, dns_qry_type,
    dns_qry_rcode, ml_score, hh AS h
  FROM unrated(source => 'dns', ratings => ${database:-default}.dns_threat_investigation, input => (
    SELECT * FROM ${database:-default}.dns_scores
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  ))
  WHERE COALESCE(hh, -1) NOT IN (${hours:-NULL})
)))
ORDER BY ml_score;

