-- How many of a day's web requests can be scored, and why the others cannot.
-- Variables: date (YYYY-MM-DD), database (default), words (v2) as in the detection.

SELECT coalesce(
    proxy_invalid(p_date, p_time, clientip, host, fulluri),
    -- Only the original's words need the hour.
    CASE WHEN '${words:-v2}' = 'spot' AND proxy_word(host, p_time, reqmethod, fulluri, coalesce(resconttype, '-'), 1, respcode) IS NULL
      THEN 'no word can be made: p_time holds no hour' END,
    'scored') AS outcome,
  count(*) AS requests
FROM ${database:-default}.proxy
WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
  AND TRY_CAST(d AS INT) = day(DATE '${date}')
GROUP BY outcome
ORDER BY requests DESC, outcome;
