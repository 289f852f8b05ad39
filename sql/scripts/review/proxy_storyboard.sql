-- An analyst's conclusion about one threat, a URI, into proxy_storyboard. It takes the place of an
-- earlier conclusion about the same threat; those about others stay.
-- Of two that run at once, one ends with an error and changes nothing: run it again.
-- Variables: date (YYYY-MM-DD), threat (a full URI), title, text (a quote in them is written \', a backslash \\), database
-- (default).

INSERT OVERWRITE TABLE ${database:-default}.proxy_storyboard
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT p_threat, title, text
FROM ${database:-default}.proxy_storyboard
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (p_threat IS DISTINCT FROM '${threat}')
UNION ALL
SELECT '${threat}' AS p_threat, '${title}' AS title, '${text}' AS text;
