-- A day's conversations whose rhythm nobody else has: beacons to a command server, floods, scans.
-- Here the document is a pair of hosts, whatever the direction, and the word says besides what was
-- sent how long ago the hosts last talked about the same, and whether that pause was as long as the
-- one before. One row a lead, the most suspicious first. It writes nothing.
--
-- It sorts all flows of the day by hosts and time, twice: about 6 s and 450 MB for each million of
-- them (detection itself: 1 s). detect/flow.sql, which does not look at time, finds other things.
--
-- Variables: date (YYYY-MM-DD), database (default), flows (4: the least that a lead
-- must have), limit (20), seed (1).

WITH
pauses AS (
  SELECT *, unix_tstamp - lag(unix_tstamp) OVER conversation AS pause
  FROM ${database:-default}.flow
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, ipkt) IS NULL
  -- The order must not be left to chance where times are equal.
  WINDOW conversation AS (
    PARTITION BY sip, dip, proto, least(sport, dport)
    ORDER BY unix_tstamp, sport, dport, ibyt, ipkt, obyt, opkt, flag, tdur
  )
),
rhythm AS (
  SELECT *, pause - lag(pause) OVER conversation AS change
  FROM pauses
  WINDOW conversation AS (
    PARTITION BY sip, dip, proto, least(sport, dport)
    ORDER BY unix_tstamp, sport, dport, ibyt, ipkt, obyt, opkt, flag, tdur
  )
),
words AS (
  SELECT *,
    CASE WHEN sip < dip THEN concat(sip, ' ', dip) ELSE concat(dip, ' ', sip) END AS hosts,
    flow_src_word_v2(sport, dport, proto, ibyt, opkt, obyt, flag, tdur) AS what,
    CASE
      WHEN pause IS NULL THEN 'first'
      WHEN pause < 2 THEN '0'
      ELSE CAST(CAST(round(2 * log2(pause)) AS INT) AS STRING)
    END AS pause_bin,
    CASE
      WHEN change IS NULL OR pause < 2 THEN 'n'
      WHEN abs(change) <= 0.1 * pause + 1 THEN 'r'
      ELSE 'i'
    END AS regularity
  FROM rhythm
)
SELECT
  row_number() OVER (ORDER BY ml_score, lead) AS rank, ml_score, flows, srcip, dstip, proto, port,
  CASE
    WHEN longest IS NULL THEN 'first contact'
    WHEN longest < 2 THEN 'at once'
    WHEN shortest = longest THEN concat(longest, ' s')
    ELSE concat(shortest, '-', longest, ' s')
  END AS pause,
  CASE regularity WHEN 'r' THEN 'yes' WHEN 'i' THEN 'no' END AS regular,
  first_seen, last_seen, bytes, meaning
FROM (
  SELECT
    lead, min(score) AS ml_score, count(*) AS flows,
    first_value(sip ORDER BY unix_tstamp, sip) AS srcip,
    first_value(dip ORDER BY unix_tstamp, sip) AS dstip,
    min(proto) AS proto, min(least(sport, dport)) AS port,
    min(pause) AS shortest, max(pause) AS longest, min(regularity) AS regularity,
    min(treceived) AS first_seen, max(treceived) AS last_seen, sum(ibyt) AS bytes,
    flow_word_text(min(what)) AS meaning
  FROM lda_score(
    (SELECT * FROM words),
    documents => [hosts],
    words => [concat_ws('_', what, pause_bin, regularity)],
    seed => ${seed:-1},
    lead => true
  )
  GROUP BY lead
  -- Fewer have no rhythm.
  HAVING count(*) >= ${flows:-4}
)
ORDER BY rank
LIMIT ${limit:-20};
