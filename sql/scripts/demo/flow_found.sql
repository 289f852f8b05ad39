-- Which of the planted attacks detection put on its list.
-- Variables: date, database (demo).

SELECT
  p.attack,
  count(*) AS planted,
  count(CASE WHEN s.rank <= 50 THEN 1 END) AS in_first_50,
  count(CASE WHEN s.rank <= 300 THEN 1 END) AS in_first_300,
  min(s.rank) AS best_rank
FROM ${database:-demo}.flow_planted p
LEFT JOIN ${database:-demo}.flow_scores s
  ON s.tstart = p.treceived AND s.srcip = p.sip AND s.dstip = p.dip AND s.sport = p.sport
  AND s.dport = p.dport AND s.proto = p.proto AND s.ipkt = p.ipkt AND s.ibyt = p.ibyt
  AND s.y = p.y AND s.m = p.m AND s.d = p.d
WHERE p.y = year('${date}') AND p.m = month('${date}') AND p.d = day('${date}')
GROUP BY p.attack
ORDER BY in_first_300 DESC, in_first_50 DESC, p.attack;
