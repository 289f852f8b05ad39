-- The first leads of the demo's day, each with its reasons in plain language.
-- Variables: date, database (demo), rows (5).

SELECT
  rank,
  concat(flows, CASE WHEN flows = 1 THEN ' flow, ' ELSE ' flows, ' END,
    substr(first_seen, 12), ' to ', substr(last_seen, 12), ', ', srcip, ' to ', dstip) AS lead,
  concat(document, ' ', meaning) AS what,
  concat(times, CASE WHEN times = 1 THEN ' time' ELSE ' times' END, ' here; ',
    CASE elsewhere WHEN 0 THEN 'no other host does' WHEN 1 THEN '1 other host does'
      ELSE concat(elsewhere, ' other hosts do') END) AS who_else,
  usual
FROM ${database:-demo}.flow_leads
WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
ORDER BY rank
LIMIT ${rows:-5};
