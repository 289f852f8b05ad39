-- The first leads of the demo's DNS, a row each: which client asked for what, how often and when, and why it is listed.
-- Variables: date, database (demo), rows (5).

SELECT
  rank, ip_dst AS who,
  CASE
    WHEN names = 1 THEN name_first
    WHEN registrable_domain(name_first) = registrable_domain(name_last)
      THEN concat(names, ' names below ', registrable_domain(name_first))
    ELSE concat(names, ' names, such as ', name_first)
  END AS whom,
  concat(answers, CASE WHEN answers = 1 THEN ' answer' ELSE ' answers' END) AS how_often,
  substr(first_seen, strpos(first_seen, ':') - 2, 8) AS first_seen,
  substr(last_seen, strpos(last_seen, ':') - 2, 8) AS last_seen,
  -- A lead's document is a client or a domain.
  concat(document, ' ', meaning, '. ', CASE elsewhere WHEN 0 THEN 'Seen with no other.'
    WHEN 1 THEN 'Seen with 1 other.' ELSE concat('Seen with ', elsewhere, ' others.') END) AS why
FROM ${database:-demo}.dns_leads
WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
ORDER BY rank
LIMIT ${rows:-5};
