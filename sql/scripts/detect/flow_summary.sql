-- How many of a day's flows can be scored, and why the others cannot.
-- Variables: date (YYYY-MM-DD), database (default).

SELECT coalesce(
    flow_invalid(treceived, trhour, trminute, trsec, sip, dip, sport, dport, ibyt, ipkt),
    'scored') AS outcome,
  count(*) AS flows
FROM ${database:-default}.flow
WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
GROUP BY outcome
ORDER BY flows DESC, outcome;
