-- Which of the attacks planted in the web requests detection put on its list.
-- Variables: date, database (demo).

SELECT
  p.attack,
  count(*) AS planted,
  count(CASE WHEN s.rank <= 50 THEN 1 END) AS in_first_50,
  count(CASE WHEN s.rank <= 300 THEN 1 END) AS in_first_300,
  min(s.rank) AS best_rank
FROM ${database:-demo}.proxy_planted p
LEFT JOIN (
  SELECT *,
    row_number() OVER (ORDER BY ml_score, time, clientip, fulluri, scbytes, csbytes) AS rank
  FROM ${database:-demo}.proxy_scores
  WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
) s
  ON s.time = p.p_time AND s.clientip = p.clientip AND s.fulluri = p.fulluri
  AND s.reqmethod = p.reqmethod AND s.scbytes = p.scbytes AND s.csbytes = p.csbytes
WHERE p.y = year('${date}') AND p.m = month('${date}') AND p.d = day('${date}')
GROUP BY p.attack
ORDER BY in_first_300 DESC, in_first_50 DESC, p.attack;
