-- The day's traffic between a suspicious address and its suspicious peers, by direction, into flow_chords. It
-- takes each address that occurs more than once among the suspicious flows, with more than one peer. Running it again gives the same table.
-- Variables: date (YYYY-MM-DD), database (default).

INSERT OVERWRITE TABLE ${database:-default}.flow_chords
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
WITH
suspicious AS (
  SELECT canonical_address(srcip) AS srcip, canonical_address(dstip) AS dstip
  FROM ${database:-default}.flow_scores
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
),
ends AS (
  SELECT srcip AS ip, dstip AS peer FROM suspicious
  UNION ALL
  SELECT dstip AS ip, srcip AS peer FROM suspicious WHERE srcip <> dstip
),
threats AS (
  SELECT ip FROM ends GROUP BY ip HAVING count(*) > 1 AND count(DISTINCT peer) > 1
),
peers AS (
  SELECT DISTINCT e.ip, e.peer FROM ends e JOIN threats t ON t.ip = e.ip
),
flows AS (
  SELECT canonical_address(sip) AS sip, canonical_address(dip) AS dip, ibyt, ipkt
  FROM ${database:-default}.flow
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
)
SELECT ip_threat, srcip, dstip, sum(ibyt) AS ibyt, sum(ipkt) AS ipkt
FROM (
  SELECT p.ip AS ip_threat, f.sip AS srcip, f.dip AS dstip, f.ibyt, f.ipkt
  FROM flows f JOIN peers p ON f.sip = p.ip AND f.dip = p.peer
  UNION ALL
  SELECT p.ip, f.sip, f.dip, f.ibyt, f.ipkt
  FROM flows f JOIN peers p ON f.dip = p.ip AND f.sip = p.peer
  WHERE f.sip <> f.dip
)
GROUP BY ip_threat, srcip, dstip;
