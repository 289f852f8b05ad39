-- A day's most suspicious web requests, into proxy_scores. Running it again gives the same table,
-- unless requests have been rated in between (see below).
--
-- Variables
--   date        the day, YYYY-MM-DD                       (required)
--   hours       only the records of these hours, such as 8,9,10,11   (all)
--   database    where proxy and proxy_scores are          (default)
--   threshold   rows with a higher score are left out     (1)
--   limit       how many rows are kept                    (300)
--   words, scoring   v2 and leave_one_out; 'spot' and 'spot' are the original's method
--   restarts, topics, iterations   of the model (2, 10, 60; with the original's scoring 1, 20, 20)
--   seed, precision, optimizer   of the training (1, double, em)
--   feedback_days   ratings of the day and of so many days before it count   (30)
--   dupfactor   how often a record rated 3 counts in training   (1000)
--
-- With hours, training and limit are for these hours alone. Rows that are listed for the day's other hours
-- (by time) stay, unless they have been rated since. Their context is made anew.
--
-- Your own domains, and a list of well-known ones in place of the shipped one, are settings:
--   SET spotql.user_domains = 'example.com';
--   SET spotql.top_domains = 'file /data/tranco.csv';
-- in a script of yours that runs before: spotql run settings.sql detect/proxy.sql --var date=…
--
-- How many records were scored, and why others were not:
--   spotql run detect/proxy_summary.sql --var date=…
--
-- To rate URIs, insert them with 1 (high), 2 (medium) or 3 (low: no threat) for their day:
--   INSERT INTO proxy_threat_investigation PARTITION (y = 2016, m = 7, d = 8)
--   SELECT DISTINCT tdate, fulluri, 3 FROM proxy_scores
--   WHERE y = 2016 AND m = 7 AND d = 8 AND host = 'updates.example.net';
-- Requests for rated URIs leave the day's list when this runs again. Those rated 3 (and never 1 or 2)
-- take part in the training of this and later days, so that records like them become probable.

INSERT OVERWRITE TABLE ${database:-default}.proxy_scores
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
-- Adds uri_rep, respcode_name and network_context.
SELECT * FROM enrich(source => 'proxy', input => (
SELECT
  tdate, time, clientip, host, reqmethod,
  coalesce(absent_as_null(useragent), '-') AS useragent,
  coalesce(absent_as_null(resconttype), '-') AS resconttype,
  duration, username, webcat, referer, TRY_CAST(respcode AS INT) AS respcode,
  TRY_CAST(uriport AS INT) AS uriport, uripath, uriquery, serverip, scbytes, csbytes, fulluri,
  word, ml_score
FROM (
  (SELECT
    p_date AS tdate, p_time AS time, clientip, host, reqmethod, useragent, resconttype, duration,
    username, webcat, referer, respcode, uriport, uripath, uriquery, serverip, scbytes, csbytes,
    fulluri, word, score AS ml_score
  FROM unrated(source => 'proxy', ratings => ${database:-default}.proxy_threat_investigation,
    input => (SELECT * FROM lda_score(
    (SELECT * FROM ${database:-default}.proxy
     WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
       AND TRY_CAST(d AS INT) = day(DATE '${date}')
       AND ('${hours:-all}' = 'all' OR TRY_CAST(h AS INT) IN (${hours:-NULL}))),
    source => 'proxy',
    words => '${words:-v2}',
    scoring => '${scoring:-leave_one_out}',
    -- Of the ratings, those of harmless requests; the requests are looked up in the days before.
    feedback => ${database:-default}.proxy_threat_investigation,
    history => (
      SELECT * FROM ${database:-default}.proxy
      WHERE TRY_CAST(y AS INT) * 10000 + TRY_CAST(m AS INT) * 100 + TRY_CAST(d AS INT)
        BETWEEN CAST(to_char(DATE '${date}' - INTERVAL '${feedback_days:-30}' DAY, '%Y%m%d') AS INT)
          AND CAST(to_char(DATE '${date}', '%Y%m%d') AS INT)
    ),
    dupfactor => ${dupfactor:-1000},
    optimizer => '${optimizer:-em}',
    restarts => ${restarts:-NULL},
    topics => ${topics:-NULL},
    iterations => ${iterations:-NULL},
    seed => ${seed:-1},
    precision => '${precision:-double}',
    -- Adds the word.
    explain => 'pair'
  )))
  WHERE score <= ${threshold:-1}
  -- The other columns decide between equal scores, so that the same day gives the same rows.
  ORDER BY ml_score, time, clientip, fulluri, reqmethod, useragent, resconttype, respcode,
    serverip, scbytes, csbytes, duration, username, referer, webcat, uriport, host, uripath, uriquery
  LIMIT ${limit:-300})
  UNION ALL
  -- The rows that are listed for the day's other hours. Without hours there are none: x NOT IN (NULL) is never true.
  SELECT
    tdate, time, clientip, host, reqmethod, useragent, resconttype, duration,
    username, webcat, referer, CAST(respcode AS STRING), CAST(uriport AS STRING), uripath, uriquery,
    serverip, scbytes, csbytes, fulluri, word, ml_score
  FROM unrated(source => 'proxy', ratings => ${database:-default}.proxy_threat_investigation, input => (
    SELECT * FROM ${database:-default}.proxy_scores
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  ))
  WHERE COALESCE(hour(time), -1) NOT IN (${hours:-NULL})
)))
ORDER BY ml_score;
