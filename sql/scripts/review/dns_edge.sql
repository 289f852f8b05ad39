-- The answers whose name contains a suspicious name, in its hour, into dns_edge: up to 250 for each
-- suspicious name and hour, the earliest first. Each answer once, however many suspicious names it
-- contains. Running it again gives the same table.
-- Variables: date (YYYY-MM-DD), database (default), rows (250).

INSERT OVERWRITE TABLE ${database:-default}.dns_edge
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
WITH
answers AS (
  -- Numbered, so that equal answers stay two.
  SELECT row_number() OVER () AS n, unix_tstamp, frame_len, ip_dst, ip_src, dns_qry_name, dns_qry_class, dns_qry_type, dns_qry_rcode,
    dns_a, CAST(h AS INT) AS hh
  FROM ${database:-default}.dns
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
),
suspicious AS (
  SELECT DISTINCT canonical_name(dns_qry_name) AS name, hh
  FROM ${database:-default}.dns_scores
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
),
found AS (
  SELECT a.*, row_number() OVER (
    PARTITION BY s.name, s.hh
    ORDER BY a.unix_tstamp, a.ip_dst, a.dns_qry_name, a.frame_len, a.dns_qry_type, a.dns_qry_rcode,
      a.dns_qry_class, a.dns_a, a.ip_src, a.n
  ) AS place
  FROM answers a JOIN suspicious s ON s.hh = a.hh AND strpos(canonical_name(a.dns_qry_name), s.name) > 0
)
SELECT
  unix_tstamp, frame_len, ip_dst, ip_src, dns_qry_name, dns_qry_class, dns_qry_type,
  dns_qry_rcode, dns_a, hh,
  dns_class_name(dns_qry_class) AS dns_qry_class_name,
  dns_type_name(dns_qry_type) AS dns_qry_type_name,
  dns_rcode_name(dns_qry_rcode) AS dns_qry_rcode_name,
  network_context(ip_dst) AS network_context
FROM (
  SELECT DISTINCT n, unix_tstamp, frame_len, ip_dst, ip_src, dns_qry_name, dns_qry_class,
    dns_qry_type, dns_qry_rcode, dns_a, hh
  FROM found
  WHERE place <= ${rows:-250}
);
