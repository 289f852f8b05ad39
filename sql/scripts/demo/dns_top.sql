-- The head of the demo's list of DNS answers, with the truth beside it.
-- Variables: date, database (demo), rows (12).

SELECT
  row_number() OVER (ORDER BY s.ml_score, s.unix_tstamp, s.frame_time, s.ip_dst) AS rank,
  -- The exponent of the probability: -9 is one in a billion.
  round(log10(s.ml_score), 1) AS log10_p,
  substr(split_part(replace(s.frame_time, '  ', ' '), ' ', 4), 1, 8) AS time,
  s.ip_dst AS client,
  CASE WHEN length(s.dns_qry_name) > 60 THEN concat(substr(s.dns_qry_name, 1, 58), '…')
    ELSE s.dns_qry_name END AS name,
  s.dns_qry_type AS type, s.dns_qry_rcode AS rcode, s.frame_len AS bytes,
  coalesce(p.attack, '') AS planted
FROM ${database:-demo}.dns_scores s
LEFT JOIN ${database:-demo}.dns_planted p
  ON s.frame_time = p.frame_time AND s.frame_len = p.frame_len AND s.ip_dst = p.ip_dst
  AND s.dns_qry_name = p.dns_qry_name AND s.dns_qry_type = p.dns_qry_type
  AND s.dns_qry_rcode = p.dns_qry_rcode AND s.y = p.y AND s.m = p.m AND s.d = p.d
WHERE s.y = year('${date}') AND s.m = month('${date}') AND s.d = day('${date}')
ORDER BY rank
LIMIT ${rows:-12};
