-- Records that analysts rated 1 (high), as indicators that others can use: a row for each address, name or URL,
-- with the number of records rated so. To keep them, and find them in later logs:
--   CREATE TABLE found AS SELECT * FROM indicators(flow_threat_investigation, source => 'flow');
--   CREATE INDICATOR LIST own AS SELECT * FROM found;
-- The tables of ratings of all three sources must be there, if only empty: schema/flow.sql, schema/dns.sql and
-- schema/proxy.sql make them. Own networks and domains (CREATE NETWORK LIST … OPTIONS (internal = true),
-- SET spotql.user_domains) are left out. It writes nothing.
-- Variables: database (default), since (YYYY-MM-DD: ratings of this day and later ones alone; all).

-- The outer call makes one row of an indicator that several sources have.
SELECT indicator, kind, text, severity, first_seen, last_seen, sightings
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
))
ORDER BY indicator;
