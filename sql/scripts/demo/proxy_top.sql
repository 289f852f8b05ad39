-- The head of the demo's list of web requests, with the truth beside it.
-- Variables: date, database (demo), rows (12).

SELECT
  row_number() OVER (ORDER BY s.ml_score, s.time, s.clientip, s.fulluri, s.scbytes, s.csbytes) AS rank,
  -- The exponent of the probability: -9 is one in a billion.
  round(log10(s.ml_score), 1) AS log10_p,
  s.time,
  s.clientip AS client,
  s.reqmethod AS method,
  CASE WHEN length(s.fulluri) > 44 THEN concat(substr(s.fulluri, 1, 42), '…')
    ELSE s.fulluri END AS uri,
  s.respcode AS code, s.csbytes AS sent, s.scbytes AS received,
  CASE WHEN length(s.useragent) > 24 THEN concat(substr(s.useragent, 1, 22), '…')
    ELSE s.useragent END AS agent,
  coalesce(p.attack, '') AS planted
FROM ${database:-demo}.proxy_scores s
LEFT JOIN ${database:-demo}.proxy_planted p
  ON s.time = p.p_time AND s.clientip = p.clientip AND s.fulluri = p.fulluri
  AND s.reqmethod = p.reqmethod AND s.scbytes = p.scbytes AND s.csbytes = p.csbytes
  AND s.y = p.y AND s.m = p.m AND s.d = p.d
WHERE s.y = year('${date}') AND s.m = month('${date}') AND s.d = day('${date}')
ORDER BY rank
LIMIT ${rows:-12};
