-- The first leads of the demo's day, each with its reasons in plain language.
-- Variables: date, database (demo), rows (5).

SELECT
  rank,
  concat(requests, CASE WHEN requests = 1 THEN ' request, ' ELSE ' requests, ' END,
    first_seen, ' to ', last_seen, ', by ', clientip, ': ',
    CASE WHEN hosts = 1 THEN host_first ELSE concat(hosts, ' hosts, ', host_first, ' … ', host_last) END) AS lead,
  concat(document, ' ', meaning) AS what,
  concat(times, CASE WHEN times = 1 THEN ' time' ELSE ' times' END, ' here; ',
    CASE elsewhere WHEN 0 THEN 'no other host does' WHEN 1 THEN '1 other host does'
      ELSE concat(elsewhere, ' other hosts do') END) AS who_else,
  usual
FROM ${database:-demo}.proxy_leads
WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
ORDER BY rank
LIMIT ${rows:-5};
