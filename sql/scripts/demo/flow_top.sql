-- The head of the demo's list, with the truth beside it.
-- Variables: date, database (demo), rows (12).

SELECT
  s.rank,
  -- The exponent of the probability: -9 is one in a billion.
  round(log10(s.ml_score), 1) AS log10_p,
  substr(s.tstart, 12) AS time,
  concat(s.srcip, ' ', s.sport) AS source,
  concat(s.dstip, ' ', s.dport) AS destination,
  s.proto, s.ipkt AS packets, s.ibyt AS bytes,
  coalesce(p.attack, '') AS planted
FROM ${database:-demo}.flow_scores s
LEFT JOIN ${database:-demo}.flow_planted p
  ON s.tstart = p.treceived AND s.srcip = p.sip AND s.dstip = p.dip AND s.sport = p.sport
  AND s.dport = p.dport AND s.proto = p.proto AND s.ipkt = p.ipkt AND s.ibyt = p.ibyt
  AND s.y = p.y AND s.m = p.m AND s.d = p.d
WHERE s.y = year('${date}') AND s.m = month('${date}') AND s.d = day('${date}')
ORDER BY s.rank
LIMIT ${rows:-12};
