-- Impact analysis: how many hosts one address reached in a day, and how many reached it, by network and
-- direction (as in flow_progression.sql). Hosts of no known network are parted into those inside and outside. It writes nothing.
-- Variables: date (YYYY-MM-DD), threat (an address), database (default).

SELECT
  coalesce(network_context(peer), CASE WHEN is_internal(peer) THEN 'inside' ELSE 'outside' END)
    AS network,
  direction, count(*) AS hosts, sum(flows) AS flows, sum(bytes) AS bytes
FROM (
  SELECT
    peer, count(*) AS flows, sum(ibyt) AS bytes,
    CASE WHEN min(outbound) = 1 THEN 'outbound' WHEN max(outbound) = 0 THEN 'inbound' ELSE 'both' END
      AS direction
  FROM (
    SELECT ibyt,
      CASE WHEN sip = threat THEN dip ELSE sip END AS peer,
      CASE WHEN sip = threat THEN 1 ELSE 0 END AS outbound
    FROM (
      SELECT canonical_address(sip) AS sip, canonical_address(dip) AS dip, ibyt,
        canonical_address('${threat}') AS threat
      FROM ${database:-default}.flow
      WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    )
    WHERE threat IN (sip, dip)
  )
  GROUP BY peer
)
GROUP BY 1, direction
ORDER BY hosts DESC, network, direction;
