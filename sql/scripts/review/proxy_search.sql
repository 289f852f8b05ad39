-- Expanded search: the requests of a day for one URI or host, or by one client, a row a client, URI and
-- answer. It writes nothing.
-- Variables: date (YYYY-MM-DD), threat (a full URI, a host or a client's address), database (default),
-- limit (250).

SELECT
  first_seen, last_seen, clientip, reqmethod, fulluri, respcode,
  http_status_name(respcode) AS respcode_name, requests, scbytes, csbytes, useragent, referer,
  network_context(clientip) AS network, reputation(fulluri) AS rep
FROM (
  SELECT min(p_time) AS first_seen, max(p_time) AS last_seen,
    canonical_address(clientip) AS clientip, reqmethod, fulluri, respcode,
    count(*) AS requests, sum(CAST(scbytes AS BIGINT)) AS scbytes,
    sum(CAST(csbytes AS BIGINT)) AS csbytes, max(useragent) AS useragent, max(referer) AS referer
  FROM ${database:-default}.proxy
  WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
    AND TRY_CAST(d AS INT) = day(DATE '${date}') AND ('${threat}' IN (fulluri, host)
      OR canonical_address(clientip) = canonical_address('${threat}'))
  GROUP BY canonical_address(clientip), reqmethod, fulluri, respcode
)
ORDER BY requests DESC, first_seen, clientip, fulluri, reqmethod, respcode
LIMIT ${limit:-250};
