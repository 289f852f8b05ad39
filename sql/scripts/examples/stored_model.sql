-- Trains a model on one day's flows, keeps it as a table, and scores an hour of another day with it as
-- it arrives: no training, and one pass over the hour.
--
-- Variables: trained_on, date (YYYY-MM-DD), hour (0 to 23), database (default), limit (20).

DROP TABLE IF EXISTS ${database:-default}.flow_model;

CREATE TABLE ${database:-default}.flow_model
COMMENT 'topics of a day of flows, see lda_train'
STORED AS PARQUET AS
SELECT * FROM lda_train(
  (SELECT * FROM ${database:-default}.flow
   WHERE y = year('${trained_on}') AND m = month('${trained_on}') AND d = day('${trained_on}')),
  source => 'flow'
);

-- What it was made of, and how well it fits.
SELECT name, text FROM ${database:-default}.flow_model WHERE part = 'parameter';

-- 'unseen' says what the model had never seen: the address, the word, or both. Such a flow gets an
-- estimate: a new address is taken for an average one, a new word for one of those that occurred once.
SELECT score, unseen, document, word, treceived, sip, sport, dip, dport, proto, ipkt, ibyt
FROM lda_score(
  (SELECT * FROM ${database:-default}.flow
   WHERE y = year('${date}') AND m = month('${date}') AND d = day('${date}') AND h = ${hour}),
  source => 'flow',
  model => '${database:-default}.flow_model',
  explain => true
)
WHERE score IS NOT NULL
ORDER BY score, treceived, sip, dip, sport, dport, ipkt, ibyt
LIMIT ${limit:-20};
