-- Publishes records that analysts rated 1 (high) to a topic of a message broker. It sends a STIX 2.1 indicator for each
-- address, name or URL that this topic has not had yet. The table shared_indicators keeps those that were published. A
-- run that is stopped in between publishes some again, under the same id, because it cannot know that they arrived. Run
-- one at a time, as a schedule does: of two, one may take the other's indicators for published.
-- The tables of ratings must be there: see share/indicators.sql. From cron, or
--   CREATE SCHEDULE share EVERY '15 min' OPTIONS (topic = 'mqtt://broker/spotql/indicators') AS RUN 'share/publish.sql'
-- Variables
--   topic      such as mqtt://broker/spotql/indicators, mqtts:// with TLS   (required)
--   user, password   of the broker; '$SPOTQL_MQTT_PASSWORD' takes that environment variable   (none)
--   database   where the ratings are                                  (default)
--   since      YYYY-MM-DD: ratings of this day and later ones alone   (all)

CREATE TABLE IF NOT EXISTS ${database:-default}.shared_indicators (
  topic STRING, indicator STRING, kind STRING, text STRING, severity INT, first_seen STRING, last_seen STRING,
  sightings BIGINT
)
COMMENT 'indicators that have been published, by topic';

CREATE TABLE IF NOT EXISTS ${database:-default}.indicators_to_share (
  topic STRING, indicator STRING, kind STRING, text STRING, severity INT, first_seen STRING, last_seen STRING,
  sightings BIGINT
)
COMMENT 'indicators that are being published: what is rated meanwhile waits for the next time';

INSERT OVERWRITE TABLE ${database:-default}.indicators_to_share
SELECT '${topic}', i.indicator, i.kind, i.text, i.severity, i.first_seen, i.last_seen, i.sightings
FROM indicators((
  SELECT * FROM indicators((
    SELECT * FROM ${database:-default}.flow_threat_investigation
    WHERE y * 10000 + m * 100 + d >= CAST(to_char(DATE '${since:-1970-01-01}', '%Y%m%d') AS INT)
  ), source => 'flow')
  UNION ALL
  SELECT * FROM indicators((
    SELECT * FROM ${database:-default}.dns_threat_investigation
    WHERE y * 10000 + m * 100 + d >= CAST(to_char(DATE '${since:-1970-01-01}', '%Y%m%d') AS INT)
  ), source => 'dns')
  UNION ALL
  SELECT * FROM indicators((
    SELECT * FROM ${database:-default}.proxy_threat_investigation
    WHERE y * 10000 + m * 100 + d >= CAST(to_char(DATE '${since:-1970-01-01}', '%Y%m%d') AS INT)
  ), source => 'proxy')
)) i
WHERE NOT EXISTS (
  SELECT 1 FROM ${database:-default}.shared_indicators s
  WHERE s.topic = '${topic}' AND s.indicator = i.indicator
);

PUBLISH TO '${topic}' OPTIONS (user = '${user:-}', password = '${password:-}') AS
SELECT stix_indicator(indicator, text, severity, first_seen, last_seen)
FROM ${database:-default}.indicators_to_share
WHERE topic = '${topic}'
ORDER BY indicator;

INSERT INTO ${database:-default}.shared_indicators
SELECT * FROM ${database:-default}.indicators_to_share WHERE topic = '${topic}';
