-- Expanded search: the answers of a day about one name and what is below it, or to one client, a row a
-- client, name and kind of answer. It writes nothing.
-- Variables: date (YYYY-MM-DD), threat (a name or a client's address), database (default), limit (250).

SELECT
  to_char(to_timestamp_seconds(first_seen), '%Y-%m-%d %H:%M:%S') AS first_seen,
  to_char(to_timestamp_seconds(last_seen), '%Y-%m-%d %H:%M:%S') AS last_seen,
  ip_dst, dns_qry_name, dns_type_name(dns_qry_type) AS type, dns_rcode_name(dns_qry_rcode) AS rcode,
  answers, dns_a, network_context(ip_dst) AS network, reputation(dns_qry_name) AS rep
FROM (
  SELECT min(unix_tstamp) AS first_seen, max(unix_tstamp) AS last_seen,
    canonical_address(ip_dst) AS ip_dst, dns_qry_name,
    dns_qry_type, dns_qry_rcode, count(*) AS answers, max(dns_a) AS dns_a
  FROM ${database:-default}.dns
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND (canonical_address(ip_dst) = canonical_address('${threat}')
      OR canonical_name(dns_qry_name) = canonical_name('${threat}')
      OR ends_with(canonical_name(dns_qry_name), canonical_name('.${threat}')))
  GROUP BY canonical_address(ip_dst), dns_qry_name, dns_qry_type, dns_qry_rcode
)
ORDER BY answers DESC, first_seen, ip_dst, dns_qry_name, type
LIMIT ${limit:-250};
