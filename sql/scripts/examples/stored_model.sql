-- Trains a model on one day's flows, keeps it as a table, and scores an hour of another day with it as
-- it arrives: no training, and one pass over the hour.
--
-- Variables: trained_on, date (YYYY-MM-DD), hour (0 to 23), database (default), limit (20).

CREATE TABLE IF NOT EXISTS ${database:-default}.flow_model (
  part STRING, name STRING, text STRING, weight DOUBLE, topics ARRAY<DOUBLE>
)
COMMENT 'topics of a day of flows, see lda_train'
STORED AS PARQUET;

-- A training that fails leaves the model that is there.
INSERT OVERWRITE TABLE ${database:-default}.flow_model
SELECT * FROM lda_train(
  (SELECT * FROM ${database:-default}.flow
   WHERE y = year(DATE '${trained_on}') AND m = month(DATE '${trained_on}') AND d = day(DATE '${trained_on}')),
  source => 'flow'
);

-- How it was made, and how well it fits.
SELECT name, text FROM ${database:-default}.flow_model WHERE part = 'parameter';

-- 'unseen' says whether the address, the word or both were new to the model. Such a flow gets an estimate: a
-- new address is taken for an average one, a new word for one of those that occurred once.
SELECT score, unseen, document, word, treceived, sip, sport, dip, dport, proto, ipkt, ibyt
FROM lda_score(
  (SELECT * FROM ${database:-default}.flow
   WHERE y = year(DATE '${date}') AND m = month(DATE '${date}') AND d = day(DATE '${date}') AND h = ${hour}),
  source => 'flow',
  model => '${database:-default}.flow_model',
  explain => 'pair'
)
WHERE score IS NOT NULL
ORDER BY score, treceived, sip, dip, sport, dport, ipkt, ibyt
LIMIT ${limit:-20};
