-- Who asked for one name, or what one client asked for, with how often, into dns_threat_dendro. Other
-- threats of the day stay; running it again gives the same table.
-- Of two that run at once, one ends with an error and changes nothing: run it again.
-- Variables: date (YYYY-MM-DD), threat (a name or a client's address), database (default).

INSERT OVERWRITE TABLE ${database:-default}.dns_threat_dendro
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT anchor, total, dns_qry_name, ip_dst
FROM ${database:-default}.dns_threat_dendro
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (anchor IS DISTINCT FROM '${threat}')
UNION ALL
SELECT '${threat}' AS anchor, count(*) AS total, dns_qry_name,
  canonical_address(ip_dst) AS ip_dst
FROM ${database:-default}.dns
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (canonical_address(ip_dst) = canonical_address('${threat}')
    OR canonical_name(dns_qry_name) = canonical_name('${threat}'))
GROUP BY dns_qry_name, canonical_address(ip_dst);
