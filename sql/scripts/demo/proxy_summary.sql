-- The first leads of the demo's web requests, a row each: which client called what, how often and when, and why it is
-- listed.
-- Variables: date, database (demo), rows (5).

SELECT
  rank, clientip AS who,
  CASE WHEN hosts = 1 THEN host_first ELSE concat(hosts, ' hosts, such as ', host_first) END AS whom,
  concat(requests, CASE WHEN requests = 1 THEN ' request' ELSE ' requests' END) AS how_often,
  substr(first_seen, 1, 8) AS first_seen, substr(last_seen, 1, 8) AS last_seen,
  concat(document, ' ', meaning, '. ', CASE elsewhere WHEN 0 THEN 'Seen with no other host.'
    WHEN 1 THEN 'Seen with 1 other host.' ELSE concat('Seen with ', elsewhere, ' other hosts.') END) AS why
FROM ${database:-demo}.proxy_leads
WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
ORDER BY rank
LIMIT ${rows:-5};
