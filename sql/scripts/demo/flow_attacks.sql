-- Which leads hold the attacks planted in the demo's flows: a row an attack and lead, and one without a rank for an
-- attack that is in none. A planted flow is in a lead of its hosts if one of its words is the lead's.
-- Variables: date, database (demo).

WITH planted AS (
  SELECT
    p.attack, p.story, p.treceived,
    canonical_address(f.sip) AS sip, canonical_address(f.dip) AS dip,
    flow_src_word_v2(f.sport, f.dport, f.proto, f.ibyt, f.opkt, f.obyt, f.flag, f.tdur) AS src_word,
    flow_dst_word_v2(f.sport, f.dport, f.proto, f.ibyt, f.opkt, f.obyt, f.flag, f.tdur) AS dst_word
  FROM ${database:-demo}.flow_planted p
  JOIN ${database:-demo}.flow f
  ON f.treceived = p.treceived AND f.sip = p.sip AND f.dip = p.dip AND f.sport = p.sport
    AND f.dport = p.dport AND f.proto = p.proto AND f.ipkt = p.ipkt AND f.ibyt = p.ibyt
    AND f.y = p.y AND f.m = p.m AND f.d = p.d
  WHERE p.y = year('${date}') AND p.m = month('${date}') AND p.d = day('${date}')
),
leads AS (
  SELECT * FROM ${database:-demo}.flow_leads
  WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
)
SELECT p.attack, min(p.story) AS story, l.rank, CAST(NULL AS STRING) AS hunt
FROM planted p
LEFT JOIN leads l
ON ((l.document = p.sip AND l.word = p.src_word) OR (l.document = p.dip AND l.word = p.dst_word))
  -- Both directions of a conversation may be one lead.
  AND ((l.srcip = p.sip AND l.dstip = p.dip) OR (l.srcip = p.dip AND l.dstip = p.sip))
  AND p.treceived BETWEEN l.first_seen AND l.last_seen
GROUP BY p.attack, l.rank
ORDER BY l.rank, p.attack;
