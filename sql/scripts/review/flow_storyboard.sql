-- An analyst's conclusion about one threat, into flow_storyboard. It takes the place of an earlier
-- conclusion about the same threat; those about others stay.
-- Of two that run at once, one ends with an error and changes nothing: run it again.
-- Variables: date (YYYY-MM-DD), threat (an address), title, text (a quote in them is written \', a backslash \\), database
-- (default).

INSERT OVERWRITE TABLE ${database:-default}.flow_storyboard
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT ip_threat, title, text
FROM ${database:-default}.flow_storyboard
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (ip_threat IS DISTINCT FROM '${threat}')
UNION ALL
SELECT '${threat}' AS ip_threat, '${title}' AS title, '${text}' AS text;
