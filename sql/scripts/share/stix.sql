-- Records that analysts rated 1 (high), as a STIX 2.1 bundle of indicators: one text. The same ratings give the same bytes, and an
-- indicator keeps its id. Into a file:
--   spotql run share/stix.sql --quiet --format plain > bundle.json
-- The tables of ratings of all three sources must be there, if only empty: schema/flow.sql, schema/dns.sql and
-- schema/proxy.sql make them. Own networks and domains (CREATE NETWORK LIST … OPTIONS (internal = true),
-- SET spotql.user_domains) are left out. It writes nothing.
-- Variables: database (default), since (YYYY-MM-DD: ratings of this day and later ones alone; all).

SELECT bundle
FROM indicators((
  SELECT * FROM indicators((
    SELECT * FROM ${database:-default}.flow_threat_investigation
    WHERE y * 10000 + m * 100 + d >= CAST(to_char(DATE '${since:-1970-01-01}', '%Y%m%d') AS INT)
  ), source => 'flow')
  UNION ALL
  SELECT * FROM indicators((
    SELECT * FROM ${database:-default}.dns_threat_investigation
    WHERE y * 10000 + m * 100 + d >= CAST(to_char(DATE '${since:-1970-01-01}', '%Y%m%d') AS INT)
  ), source => 'dns')
  UNION ALL
  SELECT * FROM indicators((
    SELECT * FROM ${database:-default}.proxy_threat_investigation
    WHERE y * 10000 + m * 100 + d >= CAST(to_char(DATE '${since:-1970-01-01}', '%Y%m%d') AS INT)
  ), source => 'proxy')
), format => 'stix');
