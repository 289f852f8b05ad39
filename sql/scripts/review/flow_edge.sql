-- All flows between the hosts of a suspicious flow, in either direction and in its minute, into flow_edge.
-- Each flow once, however many suspicious ones share it. Running it again gives the same table.
-- Variables: date (YYYY-MM-DD), database (default).

INSERT OVERWRITE TABLE ${database:-default}.flow_edge
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT
  f.treceived AS tstart, f.sip AS srcip, f.dip AS dstip, f.sport, f.dport, f.proto, f.flag AS flags,
  f.stos AS tos, f.ibyt, f.ipkt, f.input, f.output, f.rip, f.obyt, f.opkt, f.trhour AS hh,
  f.trminute AS mn
FROM ${database:-default}.flow f
LEFT SEMI JOIN (
  SELECT DISTINCT least(canonical_address(srcip), canonical_address(dstip)) AS one,
    greatest(canonical_address(srcip), canonical_address(dstip)) AS other,
    substr(tstart, 1, 16) AS minute
  FROM ${database:-default}.flow_scores
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
) s
ON least(canonical_address(f.sip), canonical_address(f.dip)) = s.one
  AND greatest(canonical_address(f.sip), canonical_address(f.dip)) = s.other
  AND substr(f.treceived, 1, 16) = s.minute
WHERE f.y = year(DATE '${date}') AND f.m = month(DATE '${date}') AND f.d = day(DATE '${date}');
