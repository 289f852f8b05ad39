-- How many flows could be scored, a row a minute, into flow_ingest_summary. Running it again gives the
-- same table. detect/flow_summary.sql says why others could not.
-- Variables: date (YYYY-MM-DD), database (default).

INSERT OVERWRITE TABLE ${database:-default}.flow_ingest_summary
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT substr(treceived, 1, 16) AS tdate, count(*) AS total
FROM ${database:-default}.flow
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
  AND flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, ipkt) IS NULL
GROUP BY substr(treceived, 1, 16);
