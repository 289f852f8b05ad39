-- The first leads of the demo's flows, a row each: who talked to whom, how often and when, and why it is listed.
-- Variables: date, database (demo), rows (5).

SELECT
  rank, srcip AS who, dstip AS whom,
  concat(flows, CASE WHEN flows = 1 THEN ' flow' ELSE ' flows' END) AS how_often,
  substr(first_seen, 12, 8) AS first_seen, substr(last_seen, 12, 8) AS last_seen,
  concat(document, ' ', meaning, '. ', CASE elsewhere WHEN 0 THEN 'Seen with no other host.'
    WHEN 1 THEN 'Seen with 1 other host.' ELSE concat('Seen with ', elsewhere, ' other hosts.') END) AS why
FROM ${database:-demo}.flow_leads
WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
ORDER BY rank
LIMIT ${rows:-5};
