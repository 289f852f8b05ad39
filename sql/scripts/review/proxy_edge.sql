-- The requests of a client for a suspicious URI in the hour in which it asked for it, into proxy_edge: up
-- to 250 for each client, URI and hour, the earliest first. Each request once. Running it again gives
-- the same table.
-- Variables: date (YYYY-MM-DD), database (default), rows (250).

INSERT OVERWRITE TABLE ${database:-default}.proxy_edge
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT
  tdate, time, clientip, host, webcat, TRY_CAST(respcode AS INT) AS respcode, reqmethod, useragent,
  resconttype, referer, TRY_CAST(uriport AS INT) AS uriport, serverip, scbytes, csbytes, fulluri, hh,
  http_status_name(respcode) AS respcode_name
FROM (
  SELECT r.p_date AS tdate, r.p_time AS time, r.clientip, r.host, r.webcat, r.respcode, r.reqmethod,
    r.useragent, r.resconttype, r.referer, r.uriport, r.serverip, r.scbytes, r.csbytes, r.fulluri,
    hour(r.p_time) AS hh,
    row_number() OVER (
      PARTITION BY canonical_address(r.clientip), r.fulluri, hour(r.p_time)
      ORDER BY r.p_time, r.reqmethod, r.respcode, r.csbytes, r.scbytes, r.useragent, r.referer
    ) AS place
  FROM ${database:-default}.proxy r
  LEFT SEMI JOIN (
    SELECT DISTINCT canonical_address(clientip) AS clientip, fulluri, hour(time) AS hh
    FROM ${database:-default}.proxy_scores
    WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  ) s
  ON s.clientip = canonical_address(r.clientip) AND s.fulluri = r.fulluri AND s.hh = hour(r.p_time)
  WHERE TRY_CAST(r.y AS INT) = year(DATE '${date}') AND TRY_CAST(r.m AS INT) = month(DATE '${date}')
    AND TRY_CAST(r.d AS INT) = day(DATE '${date}')
)
WHERE place <= ${rows:-250};
