-- How many web requests could be scored, a row a minute, into proxy_ingest_summary. Running it again
-- gives the same table. detect/proxy_summary.sql says why others could not.
-- Variables: date (YYYY-MM-DD), database (default).

INSERT OVERWRITE TABLE ${database:-default}.proxy_ingest_summary
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT concat(p_date, ' ', substr(p_time, 1, 5)) AS tdate, count(*) AS total
FROM ${database:-default}.proxy
WHERE TRY_CAST(y AS INT) = year(DATE '${date}') AND TRY_CAST(m AS INT) = month(DATE '${date}')
  AND TRY_CAST(d AS INT) = day(DATE '${date}')
  AND proxy_invalid(p_date, p_time, clientip, host, fulluri) IS NULL
GROUP BY concat(p_date, ' ', substr(p_time, 1, 5));
