-- How many DNS answers could be scored, a row a minute (UTC), into dns_ingest_summary. Running it again
-- gives the same table. detect/dns_summary.sql says why others could not.
-- Variables: date (YYYY-MM-DD), database (default).

INSERT OVERWRITE TABLE ${database:-default}.dns_ingest_summary
PARTITION (y = year(DATE '${date}'), m = month(DATE '${date}'), d = day(DATE '${date}'))
SELECT to_char(to_timestamp_seconds(minute * 60), '%Y-%m-%d %H:%M') AS tdate, total
FROM (
  SELECT unix_tstamp / 60 AS minute, count(*) AS total
  FROM ${database:-default}.dns
  WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}')
    AND dns_invalid(frame_time, unix_tstamp, frame_len, ip_dst, dns_qry_name, dns_qry_class,
      dns_qry_type, dns_qry_rcode) IS NULL
  GROUP BY unix_tstamp / 60
);
