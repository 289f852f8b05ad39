-- Who asked for one URI, with which answers, from when to when, into proxy_timeline; duration is the sum
-- of what the requests took, in milliseconds. Other threats of the day stay; running it again gives the
-- same table.
-- Of two that run at once, one ends with an error and changes nothing: run it again.
-- Variables: date (YYYY-MM-DD), threat (a full URI), database (default).

INSERT OVERWRITE TABLE ${database:-default}.proxy_timeline
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT p_threat, tstart, tend, duration, clientip, respcode, respcodename
FROM ${database:-default}.proxy_timeline
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND (p_threat IS DISTINCT FROM '${threat}')
UNION ALL
SELECT '${threat}' AS p_threat, min(concat(p_date, ' ', p_time)) AS tstart,
  max(concat(p_date, ' ', p_time)) AS tend, sum(CAST(duration AS BIGINT)) AS duration,
  canonical_address(clientip) AS clientip,
  respcode, http_status_name(respcode) AS respcodename
FROM ${database:-default}.proxy
WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
  AND TRY_CAST(d AS INT) = day(DATE '${date}') AND fulluri = '${threat}'
GROUP BY canonical_address(clientip), respcode;
