-- Which leads hold the attacks planted in the demo's web requests: a row an attack and lead, and one without a rank for an
-- attack that is in none. A planted request is in a lead of its client if its word is the lead's.
-- Variables: date, database (demo).

WITH requests AS (
  SELECT *, coalesce(absent_as_null(useragent), '-') AS agent
  FROM ${database:-demo}.proxy
  WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
),
agents AS (SELECT agent, count(*) AS times FROM requests GROUP BY agent),
planted AS (
  SELECT
    p.attack, p.story, p.p_time, canonical_address(f.clientip) AS client,
    proxy_word_v2(f.host, f.reqmethod, f.resconttype, f.respcode, a.times, f.fulluri, f.scbytes, f.csbytes) AS word
  FROM ${database:-demo}.proxy_planted p
  JOIN requests f
  ON f.p_time = p.p_time AND f.clientip = p.clientip AND f.fulluri = p.fulluri
    AND f.reqmethod = p.reqmethod AND f.scbytes = p.scbytes AND f.csbytes = p.csbytes
  JOIN agents a ON a.agent = f.agent
  WHERE p.y = year('${date}') AND p.m = month('${date}') AND p.d = day('${date}')
),
leads AS (
  SELECT * FROM ${database:-demo}.proxy_leads
  WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
)
SELECT p.attack, min(p.story) AS story, l.rank, CAST(NULL AS STRING) AS hunt
FROM planted p
LEFT JOIN leads l
ON l.document = p.client AND l.word = p.word AND p.p_time BETWEEN l.first_seen AND l.last_seen
GROUP BY p.attack, l.rank
ORDER BY l.rank, p.attack;
