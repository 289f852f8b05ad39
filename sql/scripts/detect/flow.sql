-- A day's most suspicious flows, into flow_scores. Running it again gives the same table.
--
-- Variables
--   date        the day, YYYY-MM-DD                       (required)
--   database    where flow and flow_scores are            (default)
--   threshold   rows with a higher score are left out     (1)
--   limit       how many rows are kept                    (300)
--   topics, iterations, seed, precision   of the model    (20, 20, 1, double)
--
-- How many records were scored, and why others were not:
--   spotql run detect/flow_summary.sql --var date=…

INSERT OVERWRITE TABLE ${database:-default}.flow_scores
PARTITION (y = year('${date}'), m = month('${date}'), d = day('${date}'))
SELECT
  tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt, ml_score,
  row_number() OVER (
    ORDER BY ml_score, tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt
  ) AS rank,
  -- Enrichment fills these columns.
  CAST(NULL AS INT) AS srcip_internal, CAST(NULL AS INT) AS dstip_internal,
  NULL AS src_geoloc, NULL AS dst_geoloc, NULL AS src_domain, NULL AS dst_domain,
  NULL AS src_rep, NULL AS dst_rep
FROM (
  SELECT
    treceived AS tstart, sip AS srcip, dip AS dstip, sport, dport, proto,
    ipkt, ibyt, opkt, obyt, score AS ml_score
  FROM lda_score(
    (SELECT * FROM ${database:-default}.flow
     WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')),
    source => 'flow',
    topics => ${topics:-20},
    iterations => ${iterations:-20},
    seed => ${seed:-1},
    precision => '${precision:-double}'
  )
  WHERE score <= ${threshold:-1}
  -- The other columns decide between equal scores, so that the same day gives the same rows.
  ORDER BY ml_score, tstart, srcip, dstip, sport, dport, proto, ipkt, ibyt, opkt, obyt
  LIMIT ${limit:-300}
);
