-- Incident progression: whom one address met in a day, in the order in which it did, and who began. A
-- peer is 'outbound' if the threat sent it flows and got none back as flows of their own, 'inbound' the
-- other way round, 'both' if there were both. It writes nothing.
-- Variables: date (YYYY-MM-DD), threat (an address), database (default), limit (250).

SELECT
  row_number() OVER (ORDER BY first_seen, peer) AS step, first_seen, last_seen, peer, direction,
  flows, bytes, services, network_context(peer) AS network, geolocation(peer) AS geoloc,
  reputation(peer) AS rep
FROM (
  SELECT
    peer, min(treceived) AS first_seen, max(treceived) AS last_seen, count(*) AS flows,
    sum(ibyt) AS bytes, count(DISTINCT service) AS services,
    CASE WHEN min(outbound) = 1 THEN 'outbound' WHEN max(outbound) = 0 THEN 'inbound' ELSE 'both' END
      AS direction
  FROM (
    SELECT treceived, ibyt, least(sport, dport) AS service,
      CASE WHEN sip = threat THEN dip ELSE sip END AS peer,
      CASE WHEN sip = threat THEN 1 ELSE 0 END AS outbound
    FROM (
      SELECT treceived, canonical_address(sip) AS sip, canonical_address(dip) AS dip, sport, dport,
        ibyt, canonical_address('${threat}') AS threat
      FROM ${database:-default}.flow
      WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    )
    WHERE threat IN (sip, dip)
  )
  GROUP BY peer
)
ORDER BY step
LIMIT ${limit:-250};
