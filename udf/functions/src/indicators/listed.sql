-- An input that holds indicators itself.
SELECT indicator, text, coalesce(TRY_CAST(severity AS INT), 3) AS severity,
  indicator_time(first_seen) AS first_seen, indicator_time(last_seen) AS last_seen,
  coalesce(TRY_CAST(sightings AS BIGINT), 1) AS sightings
FROM rated
-- An unreadable severity might be a low one.
WHERE severity IS NULL OR TRY_CAST(severity AS INT) BETWEEN 1 AND 3
