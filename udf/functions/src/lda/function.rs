//! The declarations of `lda_train(…)` and `lda_score(…)`.

use super::planner::{plan_score, plan_train};
use crate::relation::{Parameter, TableFunction};

const SOURCE: Parameter = Parameter::value(
    "source",
    "'flow', 'dns' or 'proxy'",
    "",
    "The kind of log. It says which columns make documents and words. Without it give `documents` and `words`.",
);
const DOCUMENTS: Parameter = Parameter::value(
    "documents",
    "expression, or several in brackets",
    "",
    "The documents of a record, such as `[sip, dip]`. Every document has its word.",
);
const WORDS: Parameter = Parameter::value(
    "words",
    "'v2' or 'spot'; expressions",
    "'v2'",
    "With `source`: our words, or those of the original (Apache Spot). With `documents`: the words, an expression each.",
);
const COUNTS: Parameter = Parameter::value(
    "counts",
    "expression",
    "1",
    "How often the pairs of a row occurred; a whole number. Not beside `source`, `distinct` or `model`.",
);
const DISTINCT: Parameter = Parameter::value(
    "distinct",
    "expression",
    "",
    "Rows of the same documents, words and this value count once; NULL is a value like others. Not beside `source`.",
);
const FEEDBACK: Parameter = Parameter::relation(
    "feedback",
    "Records that an analyst has rated harmless, with the columns of the input. Beside `source` also a table of ratings: \
     of its rows, those rated 3 and never 1 or 2 are looked up in `history`.",
);
const HISTORY: Parameter = Parameter::relation(
    "history",
    "The records that the ratings in `feedback` are about, such as the log of the last 30 days. By default the input.",
);
const DUPFACTOR: Parameter = Parameter::value(
    "dupfactor",
    "1 to 1000000",
    "1000",
    "How often a record of the feedback counts in the training.",
);
const SCORING: Parameter = Parameter::value(
    "scoring",
    "'leave_one_out' or 'spot'",
    "'leave_one_out'",
    "How a record is judged: by all the other records, or by the rule of the original, the least probable pair of the \
     record under a model that has seen it.",
);
const OPTIMIZER: Parameter = Parameter::value(
    "optimizer",
    "'em', 'online' or 'cvb0'",
    "'em'",
    "How the model is fitted: expectation maximisation, online variational Bayes, or collapsed variational Bayes.",
);
const TOPICS: Parameter = Parameter::value(
    "topics",
    "whole number",
    "10; 20 with scoring => 'spot'",
    "The number of topics.",
);
const ITERATIONS: Parameter = Parameter::value(
    "iterations",
    "whole number",
    "60; 20 with scoring => 'spot'",
    "How many times the training goes through the data.",
);
const ALPHA: Parameter = Parameter::value(
    "alpha",
    "number",
    "1.02 with 'em'",
    "The concentration of topics in a document, as the optimizer takes it.",
);
const BETA: Parameter = Parameter::value(
    "beta",
    "number",
    "1.001 with 'em'",
    "The concentration of words in a topic, as the optimizer takes it.",
);
const SEED: Parameter = Parameter::value(
    "seed",
    "whole number",
    "1",
    "The seed of the training. The same data and seed give the same bits.",
);
const PRECISION: Parameter = Parameter::value(
    "precision",
    "'double' or 'single'",
    "'double'",
    "The floating-point numbers of the training; 'single' only with the optimizer 'em'.",
);

/// `lda_train(…)`.
pub(crate) const TRAIN: TableFunction = TableFunction {
    name: "lda_train",
    about: "Fits a topic model (latent Dirichlet allocation) to the documents and words of the input. The model is rows, to \
            be kept with `CREATE TABLE … AS` or `INSERT`.",
    parameters: &[
        Parameter::relation("input", "The records to train on."),
        SOURCE,
        DOCUMENTS,
        WORDS,
        COUNTS,
        DISTINCT,
        FEEDBACK,
        HISTORY,
        DUPFACTOR,
        SCORING,
        OPTIMIZER,
        TOPICS,
        ITERATIONS,
        ALPHA,
        BETA,
        SEED,
        PRECISION,
    ],
    returns: "The rows of the model: part STRING, name STRING, text STRING, weight DOUBLE, topics ARRAY<DOUBLE>.",
    example: "CREATE TABLE model AS SELECT * FROM lda_train(flow, source => 'flow')",
    plan: plan_train,
};

/// `lda_score(…)`.
pub(crate) const SCORE: TableFunction = TableFunction {
    name: "lda_score",
    about: "Gives each record of the input a score, which is low for a record that is improbable by what all the others do.",
    parameters: &[
        Parameter::relation(
            "input",
            "The records to score. It is read twice, unless `model` is given.",
        ),
        SOURCE,
        DOCUMENTS,
        WORDS,
        COUNTS,
        DISTINCT,
        FEEDBACK,
        HISTORY,
        DUPFACTOR,
        SCORING,
        OPTIMIZER,
        TOPICS,
        ITERATIONS,
        ALPHA,
        BETA,
        SEED,
        PRECISION,
        Parameter::relation(
            "model",
            "The rows of a stored model, in place of a training. A model that was made with other words, lists of domains \
             or arguments than the call gives is refused.",
        ),
        Parameter::value(
            "unseen",
            "'smoothed' or 'zero'",
            "'smoothed'",
            "With `model`: the probability of a document or word that the model does not know, an estimate or (as in the \
             original) 0. The column `unseen` says `document`, `word`, `both` or NULL.",
        ),
        Parameter::value(
            "explain",
            "true, false or 'pair'",
            "false",
            "Adds the reason of a score, in columns about the record's least probable pair. `meaning` is the `word` in plain \
             language. `times` says how often the `document` has it, `elsewhere` how many others have it. `usual` holds the \
             document's most frequent words, `by_topic` the parts of the probability. 'pair' adds only `document` and `word`.",
        ),
        Parameter::value(
            "restarts",
            "1 to 64",
            "2; 1 with scoring => 'spot'",
            "How many models, each from another start, are averaged.",
        ),
        Parameter::value(
            "lead",
            "true or false",
            "false",
            "Adds a column `lead`, equal for records with the same documents and words.",
        ),
    ],
    returns: "The columns of the input and `score` DOUBLE, NULL for a record that cannot be scored; with `lead`, `explain` \
              and `model` the columns that are named there.",
    example: "SELECT * FROM lda_score((SELECT * FROM flow WHERE d = 14), source => 'flow') ORDER BY score LIMIT 300",
    plan: plan_score,
};
