-- The conversations of one threat, each with its first and last time and what it sent, into
-- flow_timeline. Other threats of the day stay; running it again gives the same table.
-- Of two that run at once, one ends with an error and changes nothing: run it again.
-- Variables: date (YYYY-MM-DD), threat (an address), database (default).

INSERT OVERWRITE TABLE ${database:-default}.flow_timeline
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT ip_threat, tstart, tend, srcip, dstip, proto, sport, dport, ipkt, ibyt
FROM ${database:-default}.flow_timeline
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (canonical_address(ip_threat) IS DISTINCT FROM canonical_address('${threat}'))
UNION ALL
SELECT threat AS ip_threat, min(treceived) AS tstart, max(treceived) AS tend, sip, dip, proto,
  sport, dport, sum(ipkt) AS ipkt, sum(ibyt) AS ibyt
FROM (
  SELECT treceived, canonical_address(sip) AS sip, canonical_address(dip) AS dip,
    canonical_protocol(proto) AS proto, sport, dport, ipkt, ibyt,
    canonical_address('${threat}') AS threat
  FROM ${database:-default}.flow
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
)
WHERE threat IN (sip, dip)
GROUP BY threat, sip, dip, proto, sport, dport;
