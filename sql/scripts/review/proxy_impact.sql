-- Impact analysis: how many clients asked for one URI or host in a day, by network and answer. It writes nothing.
-- Variables: date (YYYY-MM-DD), threat (a full URI or a host), database (default).

SELECT
  coalesce(network_context(clientip), CASE WHEN is_internal(clientip) THEN 'inside' ELSE 'outside' END)
    AS network,
  respcode, http_status_name(respcode) AS respcode_name, count(DISTINCT canonical_address(clientip)) AS clients,
  count(*) AS requests, sum(CAST(scbytes AS BIGINT)) AS scbytes
FROM ${database:-default}.proxy
WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
  AND TRY_CAST(d AS INT) = day(DATE '${date}') AND '${threat}' IN (fulluri, host)
GROUP BY 1, respcode
ORDER BY clients DESC, network, respcode;
