-- A day's most suspicious flows, into flow_scores. Running it again gives the same table, unless
-- flows have been rated in between (see below).
--
-- Variables
--   date        the day, YYYY-MM-DD                       (required)
--   hours       only the records of these hours, such as 8,9,10,11   (all)
--   database    where flow and flow_scores are            (default)
--   threshold   rows with a higher score are left out     (1)
--   limit       how many rows are kept                    (300)
--   words, scoring   v2 and leave_one_out; 'spot' and 'spot' are the original's method
--   restarts, topics, iterations   of the model (2, 10, 60; with the original's scoring 1, 20, 20)
--   seed, precision, optimizer   of the training (1, double, em)
--   feedback_days   ratings of the day and of so many days before it count   (30)
--   dupfactor   how often a record rated 3 counts in training   (1000)
--
-- With hours, training and limit are for these hours alone. Rows that are listed for the day's other hours
-- (by tstart) stay, unless they have been rated since. Their context is made anew. The column rank is over the
-- whole day, though each run's scores are of a model of its own.
--
-- How many records were scored, and why others were not:
--   spotql run detect/flow_summary.sql --var date=…
--
-- To rate flows, insert their keys with 1 (high), 2 (medium) or 3 (low: no threat) for their day:
--   INSERT INTO flow_threat_investigation PARTITION (y = 2016, m = 7, d = 8)
--   SELECT tstart, srcip, dstip, sport, dport, 3 FROM flow_scores
--   WHERE y = 2016 AND m = 7 AND d = 8 AND rank = 1;
-- Rated flows leave the day's list when this runs again. Those rated 3 (and never 1 or 2) take part
-- in the training of this and later days, so that records like them become probable.

INSERT OVERWRITE TABLE ${database:-default}.flow_scores
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
-- Adds srcip_internal, dstip_internal, src_geoloc, dst_geoloc, src_domain, dst_domain, src_rep, dst_rep.
SELECT * FROM enrich(source => 'flow', input => (
SELECT
  tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt, ml_score,
  row_number() OVER (
    ORDER BY ml_score, tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt
  ) AS rank
FROM (
  (SELECT
    treceived AS tstart, sip AS srcip, dip AS dstip, sport, dport, proto,
    ipkt, ibyt, opkt, obyt, score AS ml_score
  FROM unrated(source => 'flow', ratings => ${database:-default}.flow_threat_investigation,
    input => (SELECT * FROM lda_score(
    (SELECT * FROM ${database:-default}.flow
     WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
       AND ('${hours:-all}' = 'all' OR h IN (${hours:-NULL}))),
    source => 'flow',
    words => '${words:-v2}',
    scoring => '${scoring:-leave_one_out}',
    -- Of the ratings, those of harmless flows; the flows are looked up in the days before.
    feedback => ${database:-default}.flow_threat_investigation,
    history => (
      SELECT * FROM ${database:-default}.flow
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
  ORDER BY ml_score, tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt
  LIMIT ${limit:-300})
  UNION ALL
  -- The rows that are listed for the day's other hours. Without hours there are none: x NOT IN (NULL) is never true.
  SELECT tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt, ml_score
  FROM unrated(source => 'flow', ratings => ${database:-default}.flow_threat_investigation, input => (
    SELECT * FROM ${database:-default}.flow_scores
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  ))
  WHERE COALESCE(hour(tstart), -1) NOT IN (${hours:-NULL})
)))
ORDER BY rank;
