-- A day's most suspicious leads in dns logs, into dns_leads. A lead is all answers with the same
-- documents and words. One row stands for pages of the plain list: how often, from when to when, between
-- whom, and why. Running it again gives the same table, unless answers have
-- been rated in between (see detect/dns.sql).
--
-- Variables: those of detect/dns.sql; limit is the number of leads (300).
-- With hours, leads that were first seen in another hour of the day stay, unless name_first and name_last
-- have both been rated since, for their client and time (UTC). A lead that goes on through the hours of
-- several runs is a lead of each run.

INSERT OVERWRITE TABLE ${database:-default}.dns_leads
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
WITH
scored AS (
  SELECT *
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
-- The leads that are listed already, with their times of day.
listed AS (
  SELECT *, substr(first_seen, strpos(first_seen, ':') - 2, 8) AS began,
    substr(last_seen, strpos(last_seen, ':') - 2, 8) AS ended
  FROM ${database:-default}.dns_leads
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
),
rated AS (
  SELECT canonical_address(ip_dst) AS ip_dst, canonical_name(dns_qry_name) AS dns_qry_name,
    to_char(to_timestamp_seconds(unix_tstamp), '%H:%M:%S') AS time
  FROM ${database:-default}.dns_threat_investigation
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND (ip_sev BETWEEN 1 AND 3 OR dns_sev BETWEEN 1 AND 3)
),
gone AS (
  SELECT l.rank
  FROM listed l
  LEFT SEMI JOIN rated f
  ON f.ip_dst = canonical_address(l.ip_dst) AND f.dns_qry_name = canonical_name(l.name_first)
    AND f.time BETWEEN l.began AND l.ended
  LEFT SEMI JOIN rated t
  ON t.ip_dst = canonical_address(l.ip_dst) AND t.dns_qry_name = canonical_name(l.name_last)
    AND t.time BETWEEN l.began AND l.ended
)
SELECT
  row_number() OVER (ORDER BY ml_score, lead, place) AS rank, ml_score, answers, first_seen, last_seen,
  ip_dst, names, name_first, name_last, dns_qry_type, dns_qry_rcode,
  document, word, meaning, times, elsewhere, usual
FROM (
  SELECT
    chosen.lead, chosen.ml_score, count(*) AS answers,
    min(frame_time) AS first_seen, max(frame_time) AS last_seen,
    min(canonical_address(ip_dst)) AS ip_dst,
    count(DISTINCT canonical_name(dns_qry_name)) AS names,
    min(canonical_name(dns_qry_name)) AS name_first,
    max(canonical_name(dns_qry_name)) AS name_last, min(dns_qry_type) AS dns_qry_type,
    min(dns_qry_rcode) AS dns_qry_rcode,
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
    NULL, ml_score, answers, first_seen, last_seen,
    ip_dst, names, name_first, name_last, dns_qry_type, dns_qry_rcode,
    document, word, meaning, times, elsewhere, usual, rank
  FROM listed
  WHERE hour(began) NOT IN (${hours:-NULL})
    AND NOT EXISTS (SELECT 1 FROM gone WHERE gone.rank = listed.rank)
)
ORDER BY rank;
