-- In one order, so that the same input gives the same bytes.
SELECT stix_bundle(string_agg(
  stix_indicator(indicator, text, severity, first_seen, last_seen), ',' ORDER BY indicator
)) AS bundle
FROM shared
