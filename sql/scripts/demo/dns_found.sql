-- Which of the attacks planted in the DNS answers detection put on its list.
-- Variables: date, database (demo).

SELECT
  p.attack,
  count(*) AS planted,
  count(CASE WHEN s.rank <= 50 THEN 1 END) AS in_first_50,
  count(CASE WHEN s.rank <= 300 THEN 1 END) AS in_first_300,
  min(s.rank) AS best_rank
FROM ${database:-demo}.dns_planted p
LEFT JOIN (
  SELECT *, row_number() OVER (ORDER BY ml_score, unix_tstamp, frame_time, ip_dst) AS rank
  FROM ${database:-demo}.dns_scores
  WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
) s
  ON s.frame_time = p.frame_time AND s.frame_len = p.frame_len AND s.ip_dst = p.ip_dst
  AND s.dns_qry_name = p.dns_qry_name AND s.dns_qry_type = p.dns_qry_type
  AND s.dns_qry_rcode = p.dns_qry_rcode
WHERE p.y = year('${date}') AND p.m = month('${date}') AND p.d = day('${date}')
GROUP BY p.attack
ORDER BY in_first_300 DESC, in_first_50 DESC, p.attack;
