-- A day's conversations whose rhythm nobody else has: beacons to a command server, floods, scans.
-- Here the document is a pair of hosts, whatever the direction. The word holds what was sent, the pause since
-- the one last sent the other something, and whether that pause was as long as the one before. Flows of one
-- second have the same pause. There is one row a pair of hosts, the most suspicious first: its least probable
-- lead with a rhythm (pauses of much the same length, or next to none). It writes nothing.
--
-- On two cores it takes 1.4 s and 0.6 GB for 300,000 flows, 60 s and 4.5 GB for ten million. The
-- detection (detect/flow.sql) takes a fourth of that; it does not look at time, and finds other things. Flows
-- without unix_tstamp are left out.
--
-- Variables: date (YYYY-MM-DD), database (default), flows (4: the least that a lead must have),
-- limit (20), seed (1).

WITH
words AS (
  SELECT *,
    concat(least(canonical_address(sip), canonical_address(dip)), ' ',
      greatest(canonical_address(sip), canonical_address(dip))) AS hosts,
    flow_src_word_v2(sport, dport, proto, ibyt, opkt, obyt, flag, tdur) AS what,
    CASE
      WHEN pause IS NULL THEN 'first'
      WHEN pause < 2 THEN '0'
      ELSE CAST(CAST(round(2 * log2(pause)) AS INT) AS STRING)
    END AS pause_bin,
    CASE
      WHEN pause_before IS NULL OR pause < 2 THEN 'n'
      WHEN abs(pause - pause_before) <= 0.1 * pause + 1 THEN 'r'
      ELSE 'i'
    END AS regularity
  FROM rhythm(
    (SELECT * FROM ${database:-default}.flow
     WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
       AND unix_tstamp IS NOT NULL
       AND flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, ipkt)
         IS NULL),
    conversation => [canonical_address(sip), canonical_address(dip), canonical_protocol(proto)],
    time => unix_tstamp
  )
),
leads AS (
  SELECT
    hosts, lead, min(score) AS ml_score, count(*) AS flows,
    first_value(canonical_address(sip) ORDER BY unix_tstamp, canonical_address(sip)) AS srcip,
    first_value(canonical_address(dip) ORDER BY unix_tstamp, canonical_address(sip)) AS dstip,
    min(canonical_protocol(proto)) AS proto, min(pause) AS shortest, max(pause) AS longest,
    min(regularity) AS regularity, min(treceived) AS first_seen, max(treceived) AS last_seen,
    sum(ibyt) AS bytes,
    -- The word without what is said of time, and with rare ports folded as in the lead.
    flow_word_text(regexp_replace(min(word), '_[^_]*_[^_]*$', '')) AS meaning
  FROM lda_score(
    (SELECT * FROM words),
    documents => [hosts],
    words => [concat_ws('_', what, pause_bin, regularity)],
    seed => ${seed:-1},
    -- A second start finds no more here: benchmarks/README.md.
    restarts => 1,
    lead => true,
    explain => 'pair'
  )
  GROUP BY hosts, lead
  HAVING count(*) >= ${flows:-4} AND max(pause) IS NOT NULL AND min(regularity) <> 'i'
),
pairs AS (
  SELECT *,
    row_number() OVER (PARTITION BY hosts ORDER BY ml_score, lead) AS place,
    count(*) OVER (PARTITION BY hosts) AS leads_of_pair
  FROM leads
)
SELECT
  row_number() OVER (ORDER BY ml_score, lead) AS rank, ml_score, srcip, dstip, proto, flows,
  CASE
    WHEN longest < 2 THEN 'at once'
    WHEN shortest = longest THEN concat(longest, ' s')
    ELSE concat(shortest, '-', longest, ' s')
  END AS pause,
  -- Of short pauses, whole seconds do not tell.
  CASE WHEN regularity = 'r' AND shortest >= 10 THEN 'yes' END AS regular,
  first_seen, last_seen, bytes, meaning, leads_of_pair
FROM pairs
WHERE place = 1
ORDER BY rank
LIMIT ${limit:-20};
