-- A day's most suspicious leads in proxy logs, into proxy_leads. A lead is all requests with the same
-- documents and words. One row stands for pages of the plain list: how often, from when to when, between
-- whom, and why. Running it again gives the same table, unless requests have
-- been rated in between (see detect/proxy.sql).
--
-- Variables: those of detect/proxy.sql; limit is the number of leads (300).
-- With hours, leads that were first seen in another hour of the day stay, unless uri_first and uri_last
-- have both been rated since. A lead that goes on through the hours of several runs is a lead of each run.

INSERT OVERWRITE TABLE ${database:-default}.proxy_leads
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
WITH
scored AS (
  SELECT *
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
),
rated AS (
  SELECT fulluri
  FROM ${database:-default}.proxy_threat_investigation
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND uri_sev BETWEEN 1 AND 3
),
gone AS (
  SELECT l.rank
  FROM ${database:-default}.proxy_leads l
  LEFT SEMI JOIN rated f ON f.fulluri = l.uri_first
  LEFT SEMI JOIN rated t ON t.fulluri = l.uri_last
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
)
SELECT
  row_number() OVER (ORDER BY ml_score, lead, place) AS rank, ml_score, requests, first_seen, last_seen,
  clientip, hosts, host_first, host_last, uri_first, uri_last, useragent, scbytes, csbytes,
  document, word, meaning, times, elsewhere, usual
FROM (
  SELECT
    chosen.lead, chosen.ml_score, count(*) AS requests,
    min(p_time) AS first_seen, max(p_time) AS last_seen,
    min(canonical_address(clientip)) AS clientip, count(DISTINCT host) AS hosts, min(host) AS host_first,
    max(host) AS host_last, min(fulluri) AS uri_first, max(fulluri) AS uri_last,
    min(useragent) AS useragent, sum(scbytes) AS scbytes, sum(csbytes) AS csbytes,
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
    NULL, ml_score, requests, first_seen, last_seen,
    clientip, hosts, host_first, host_last, uri_first, uri_last, useragent, scbytes, csbytes,
    document, word, meaning, times, elsewhere, usual, rank
  FROM ${database:-default}.proxy_leads l
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND COALESCE(hour(first_seen), -1) NOT IN (${hours:-NULL})
    AND NOT EXISTS (SELECT 1 FROM gone WHERE gone.rank = l.rank)
)
ORDER BY rank;
