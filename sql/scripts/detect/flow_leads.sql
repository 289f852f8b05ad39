-- A day's most suspicious leads in flow logs, into flow_leads. A lead is all flows with the same
-- documents and words. One row stands for pages of the plain list: how often, from when to when, between
-- whom, and why. Running it again gives the same table, unless flows have
-- been rated in between (see detect/flow.sql).
--
-- Variables: those of detect/flow.sql; limit is the number of leads (300).
-- With hours, leads that were first seen in another hour of the day stay, unless that first flow has been
-- rated since. A lead that goes on through the hours of several runs is a lead of each run.

INSERT OVERWRITE TABLE ${database:-default}.flow_leads
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
WITH
scored AS (
  SELECT *
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
    precision => '${precision:-double}',
    explain => true,
    lead => true
  )))
  WHERE score <= ${threshold:-1}
),
-- First the leads are chosen, then they are described. Describing all would take gigabytes. Both steps read
-- 'scored', so the day is trained on and scored twice.
chosen AS (
  SELECT lead, min(score) AS ml_score
  FROM scored
  GROUP BY lead
  ORDER BY ml_score, lead
  LIMIT ${limit:-300}
)
SELECT
  row_number() OVER (ORDER BY ml_score, lead, place) AS rank, ml_score, flows, first_seen, last_seen,
  srcip, dstip, sport, dport, proto, ipkt, ibyt,
  document, word, meaning, times, elsewhere, usual
FROM (
  SELECT
    chosen.lead, chosen.ml_score, count(*) AS flows,
    min(treceived) AS first_seen, max(treceived) AS last_seen,
    -- Of the first flow: both directions of a conversation may be one lead.
    first_value(canonical_address(sip) ORDER BY treceived, canonical_address(sip), sport, dport) AS srcip,
    first_value(canonical_address(dip) ORDER BY treceived, canonical_address(sip), sport, dport) AS dstip,
    first_value(sport ORDER BY treceived, canonical_address(sip), sport, dport) AS sport,
    first_value(dport ORDER BY treceived, canonical_address(sip), sport, dport) AS dport,
    min(canonical_protocol(proto)) AS proto, sum(ipkt) AS ipkt, sum(ibyt) AS ibyt,
    -- The same for all rows of a lead.
    min(document) AS document, min(word) AS word, min(meaning) AS meaning, min(times) AS times,
    min(elsewhere) AS elsewhere, min(usual) AS usual,
    CAST(NULL AS INT) AS place
  FROM chosen
  JOIN scored ON scored.lead = chosen.lead
  GROUP BY chosen.lead, chosen.ml_score
  UNION ALL
  -- The rows that are listed for the day's other hours. Without hours there are none: x NOT IN (NULL) is never true.
  SELECT
    NULL, ml_score, flows, first_seen, last_seen,
    srcip, dstip, sport, dport, proto, ipkt, ibyt,
    document, word, meaning, times, elsewhere, usual, rank
  FROM unrated(source => 'flow', ratings => ${database:-default}.flow_threat_investigation, input => (
    SELECT * FROM ${database:-default}.flow_leads
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  ))
  WHERE COALESCE(hour(first_seen), -1) NOT IN (${hours:-NULL})
)
ORDER BY rank;
