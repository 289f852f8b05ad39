-- Which leads hold the attacks planted in the demo's DNS answers: a row an attack and lead, and one without a rank for an
-- attack that is in none. A planted answer is in a lead of its client if one of its words is the lead's.
-- Variables: date, database (demo).

WITH planted AS (
  SELECT
    p.attack, p.story, p.frame_time, canonical_address(f.ip_dst) AS client,
    registrable_domain(f.dns_qry_name) AS domain, canonical_name(f.dns_qry_name) AS name,
    dns_word_v2(f.frame_len, f.dns_qry_name, f.dns_qry_type, f.dns_qry_rcode, f.dns_a) AS client_word,
    dns_domain_word_v2(f.dns_qry_name, f.dns_qry_type, f.dns_qry_rcode, f.dns_a) AS domain_word
  FROM ${database:-demo}.dns_planted p
  JOIN ${database:-demo}.dns f
  ON f.frame_time = p.frame_time AND f.frame_len = p.frame_len AND f.ip_dst = p.ip_dst
    AND f.dns_qry_name = p.dns_qry_name AND f.dns_qry_type = p.dns_qry_type
    AND f.dns_qry_rcode = p.dns_qry_rcode AND f.y = p.y AND f.m = p.m AND f.d = p.d
  WHERE p.y = year('${date}') AND p.m = month('${date}') AND p.d = day('${date}')
),
leads AS (
  SELECT * FROM ${database:-demo}.dns_leads
  WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
)
SELECT p.attack, min(p.story) AS story, l.rank,
  CASE WHEN p.attack LIKE '%domain generator%' THEN 'hunt/dns_generated.sql' END AS hunt
FROM planted p
LEFT JOIN leads l
ON ((l.document = p.client AND l.word = p.client_word) OR (l.document = p.domain AND l.word = p.domain_word))
  AND l.ip_dst = p.client AND p.name BETWEEN l.name_first AND l.name_last
  AND p.frame_time BETWEEN l.first_seen AND l.last_seen
GROUP BY p.attack, l.rank
ORDER BY l.rank, p.attack;
