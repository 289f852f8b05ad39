-- The first leads of the demo's day, each with its reasons in plain language.
-- Variables: date, database (demo), rows (5).

SELECT
  rank,
  concat(answers, CASE WHEN answers = 1 THEN ' answer, ' ELSE ' answers, ' END,
    substr(first_seen, 13, 8), ' to ', substr(last_seen, 13, 8), ', to ', ip_dst, ': ',
    CASE WHEN names = 1 THEN name_first ELSE concat(names, ' names, ', name_first, ' … ', name_last) END) AS lead,
  concat(document, ' ', meaning) AS what,
  concat(times, CASE WHEN times = 1 THEN ' time' ELSE ' times' END, ' here; ',
    CASE elsewhere WHEN 0 THEN 'no other does' WHEN 1 THEN '1 other does'
      ELSE concat(elsewhere, ' others do') END) AS who_else,
  usual
FROM ${database:-demo}.dns_leads
WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}')
ORDER BY rank
LIMIT ${rows:-5};
