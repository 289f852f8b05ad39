-- The URIs that were rated 1. One that was rated twice on a day is one.
SELECT indicator, 'rated high by an analyst, proxy' AS text, 3 AS severity,
  indicator_time(tdate) AS first_seen, indicator_time(tdate) AS last_seen, 1 AS sightings
FROM (
  SELECT DISTINCT shareable_indicator(fulluri) AS indicator, tdate, fulluri
  FROM rated
  WHERE TRY_CAST(uri_sev AS INT) = 1
)
