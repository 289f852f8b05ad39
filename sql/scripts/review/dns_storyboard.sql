-- What an analyst concluded about one threat, a client or a name, into dns_storyboard. It takes the
-- place of an earlier conclusion about the same threat; those about others stay.
-- Variables: date (YYYY-MM-DD), threat (a client's address or a name), title, text (a quote in
-- them is written \'), database (default).

INSERT OVERWRITE TABLE ${database:-default}.dns_storyboard
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT ip_threat, dns_threat, title, text
FROM ${database:-default}.dns_storyboard
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND '${threat}' NOT IN (ip_threat, dns_threat)
UNION ALL
-- The one column that it is not is empty, as in the original.
SELECT
  CASE WHEN is_internal('${threat}') IS NULL THEN '' ELSE '${threat}' END AS ip_threat,
  CASE WHEN is_internal('${threat}') IS NULL THEN '${threat}' ELSE '' END AS dns_threat,
  '${title}' AS title, '${text}' AS text;
