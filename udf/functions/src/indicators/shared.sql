-- A row an indicator.
SELECT indicator, indicator_kind(indicator) AS kind,
  CAST(string_agg(DISTINCT text, '; ' ORDER BY text) AS STRING) AS text, CAST(max(severity) AS INT) AS severity,
  coalesce(min(first_seen), min(last_seen)) AS first_seen,
  coalesce(max(last_seen), max(first_seen)) AS last_seen, CAST(sum(sightings) AS BIGINT) AS sightings
FROM (
  SELECT shareable_indicator(indicator) AS indicator, nullif(trim(text), '') AS text, severity,
    first_seen, last_seen, sightings
  FROM found
)
WHERE indicator IS NOT NULL
GROUP BY indicator
