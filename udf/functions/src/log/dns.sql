-- The names and the clients that were rated 1. An answer that was rated twice is one.
SELECT indicator, 'rated high by an analyst, dns' AS text, 3 AS severity,
  indicator_time(unix_tstamp) AS first_seen, indicator_time(unix_tstamp) AS last_seen, 1 AS sightings
FROM (
  SELECT DISTINCT shareable_indicator(value) AS indicator, unix_tstamp, ip_dst, dns_qry_name
  FROM (
    SELECT unix_tstamp, ip_dst, dns_qry_name, unnest(make_array(
      -- Somebody may ask for the name '192.0.2.7' or 'a.example.com/b': that is none.
      CASE WHEN TRY_CAST(dns_sev AS INT) = 1 AND indicator_kind(dns_qry_name) = 'domain-name'
        THEN dns_qry_name END,
      CASE WHEN TRY_CAST(ip_sev AS INT) = 1 AND NOT is_internal(ip_dst) THEN ip_dst END
    )) AS value
    FROM rated
  )
)
