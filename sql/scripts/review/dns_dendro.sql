-- The names and answers of each suspicious client, into dns_dendro: up to 250 answers a client,
-- the earliest first. Running it again gives the same table.
-- Variables: date (YYYY-MM-DD), database (default), rows (250).

INSERT OVERWRITE TABLE ${database:-default}.dns_dendro
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT unix_tstamp, dns_a, dns_qry_name, ip_dst
FROM (
  SELECT r.unix_tstamp, r.dns_a, r.dns_qry_name, canonical_address(r.ip_dst) AS ip_dst,
    row_number() OVER (
    PARTITION BY canonical_address(r.ip_dst) ORDER BY r.unix_tstamp, r.dns_qry_name, r.dns_a
  ) AS place
  FROM ${database:-default}.dns r
  LEFT SEMI JOIN (
    SELECT DISTINCT canonical_address(ip_dst) AS ip_dst
    FROM ${database:-default}.dns_scores
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  ) s
  ON s.ip_dst = canonical_address(r.ip_dst)
  WHERE r.y = year(DATE '${date}') AND r.m = month(DATE '${date}') AND r.d = day(DATE '${date}')
)
WHERE place <= ${rows:-250};
