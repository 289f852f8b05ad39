-- An analyst's conclusion about one threat, a client or a name, into dns_storyboard. It takes the
-- place of an earlier conclusion about the same threat; those about others stay.
-- Of two that run at once, one ends with an error and changes nothing: run it again.
-- Variables: date (YYYY-MM-DD), threat (a client's address or a name), title, text (a quote in
-- them is written \', a backslash \\), database (default).

INSERT OVERWRITE TABLE ${database:-default}.dns_storyboard
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT ip_threat, dns_threat, title, text
FROM ${database:-default}.dns_storyboard
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (ip_threat IS DISTINCT FROM '${threat}') AND (dns_threat IS DISTINCT FROM '${threat}')
UNION ALL
-- The one column that it is not is empty, as in the original.
SELECT
  CASE WHEN is_internal('${threat}') IS NULL THEN '' ELSE '${threat}' END AS ip_threat,
  CASE WHEN is_internal('${threat}') IS NULL THEN '${threat}' ELSE '' END AS dns_threat,
  '${title}' AS title, '${text}' AS text;
