-- Both ends of every flow that was rated 1. A flow that was rated twice is one.
SELECT indicator, 'rated high by an analyst, flow' AS text, 3 AS severity,
  indicator_time(tstart) AS first_seen, indicator_time(tstart) AS last_seen, 1 AS sightings
FROM (
  SELECT DISTINCT shareable_indicator(address) AS indicator, tstart, srcip, dstip, srcport, dstport
  FROM (
    SELECT tstart, srcip, dstip, srcport, dstport, unnest(make_array(srcip, dstip)) AS address
    FROM rated
    WHERE TRY_CAST(score AS INT) = 1
  )
  -- NULL for what is no address, a block of them included.
  WHERE NOT is_internal(address)
)
