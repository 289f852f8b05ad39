-- Expanded search: everything that one address did in a day, a row a peer, service and direction. It
-- writes nothing.
-- Variables: date (YYYY-MM-DD), threat (an address), database (default), limit (250).

SELECT
  first_seen, last_seen, srcip, dstip, proto, service, port_name(service, proto) AS service_name,
  flows, packets, bytes, largest, network_context(peer) AS network, geolocation(peer) AS geoloc,
  reputation(peer) AS rep
FROM (
  SELECT
    min(treceived) AS first_seen, max(treceived) AS last_seen, sip AS srcip, dip AS dstip, proto,
    -- The lower port is the service's.
    least(sport, dport) AS service, count(*) AS flows, sum(ipkt) AS packets, sum(ibyt) AS bytes,
    max(ibyt) AS largest, CASE WHEN sip = threat THEN dip ELSE sip END AS peer
  FROM (
    SELECT treceived, canonical_address(sip) AS sip, canonical_address(dip) AS dip, sport, dport,
      canonical_protocol(proto) AS proto, ipkt, ibyt, canonical_address('${threat}') AS threat
    FROM ${database:-default}.flow
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  )
  WHERE threat IN (sip, dip)
  GROUP BY sip, dip, proto, least(sport, dport), threat
)
ORDER BY flows DESC, first_seen, srcip, dstip, proto, service
LIMIT ${limit:-250};
