-- Impact analysis: how many clients asked for one name, or for names below it, in a day, by network and
-- answer. It writes nothing.
-- Variables: date (YYYY-MM-DD), threat (a name), database (default).

SELECT
  coalesce(network_context(ip_dst), CASE WHEN is_internal(ip_dst) THEN 'inside' ELSE 'outside' END)
    AS network,
  dns_rcode_name(dns_qry_rcode) AS rcode, count(DISTINCT canonical_address(ip_dst)) AS clients, count(*) AS answers
FROM ${database:-default}.dns
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (canonical_name(dns_qry_name) = canonical_name('${threat}')
    OR ends_with(canonical_name(dns_qry_name), canonical_name('.${threat}')))
GROUP BY 1, 2
ORDER BY clients DESC, network, rcode;
