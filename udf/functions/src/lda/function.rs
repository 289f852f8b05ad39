//! The declarations of `lda_train(…)` and `lda_score(…)`.

use super::planner::{plan_score, plan_train};
use crate::description::{TableFunction, TableParameter, parameter, relation};
use crate::relation::QueryFunction;

const INPUT: TableParameter = relation(
    "input",
    "",
    "The records: the name of a table, or a query in parentheses.",
);
const SOURCE: TableParameter = parameter(
    "source",
    "none",
    "The kind of log: 'flow', 'dns' or 'proxy'. It says what the documents and words of a record are.",
);
const DOCUMENTS: TableParameter = parameter(
    "documents",
    "none",
    "In place of a source: an expression over the input's columns, or several in brackets. A document is a host, usually.",
);
const WORDS: TableParameter = parameter(
    "words",
    "'v2'",
    "Beside a source: 'v2', or 'spot' for the words of Apache Spot. Beside documents: an expression for each of them.",
);
const COUNTS: TableParameter = parameter(
    "counts",
    "1",
    "Beside documents: a number of times that each row counts.",
);
const DISTINCT: TableParameter = parameter(
    "distinct",
    "none",
    "Beside documents: an expression. Records that agree in documents, words and this expression count once.",
);
const FEEDBACK: TableParameter = relation(
    "feedback",
    "none",
    "Records that an analyst has rated harmless, with the columns of the input. They take part in the training. Beside a \
     source also a table of ratings: records that it rates 3, and never 1 or 2, are looked up in the history.",
);
const HISTORY: TableParameter = relation(
    "history",
    "the input",
    "The records that ratings in the feedback are about, such as the log of the last 30 days.",
);
const DUPFACTOR: TableParameter = parameter(
    "dupfactor",
    "1000",
    "How often each record of the feedback counts.",
);
const SCORING: TableParameter = parameter(
    "scoring",
    "'leave_one_out'",
    "The rule of the score: 'leave_one_out' judges a record by what all others do, 'spot' is Apache Spot's rule.",
);
const OPTIMIZER: TableParameter = parameter(
    "optimizer",
    "'em'",
    "How topics are estimated: 'em', 'online' or 'cvb0'. The last predicts best, and takes two to three times as long.",
);
const TOPICS: TableParameter = parameter(
    "topics",
    "10, or 20 for scoring => 'spot'",
    "The number of topics.",
);
const ITERATIONS: TableParameter = parameter(
    "iterations",
    "60, or 20 for scoring => 'spot'",
    "How often the training goes over the pairs.",
);
const ALPHA: TableParameter = parameter(
    "alpha",
    "1.02 for 'em'",
    "The concentration of topics in documents, as the optimizer takes it.",
);
const BETA: TableParameter = parameter(
    "beta",
    "1.001 for 'em'",
    "The concentration of words in topics, as the optimizer takes it.",
);
const SEED: TableParameter = parameter(
    "seed",
    "1",
    "The start of the training. The same seed and data give the same bits, whatever the number of threads.",
);
const PRECISION: TableParameter =
    parameter("precision", "'double'", "'double', or 'single' with 'em'.");

/// `lda_train`.
pub(crate) const TRAIN: QueryFunction = QueryFunction {
    description: TableFunction {
        name: "lda_train",
        call: "lda_train(input, source => 'flow'|'dns'|'proxy', …)",
        about: "Trains a topic model (latent Dirichlet allocation) and gives it as rows. Keep them with CREATE TABLE AS, and score \
            later days with them. Invalid records take no part.",
        parameters: &[
            INPUT, SOURCE, DOCUMENTS, WORDS, COUNTS, DISTINCT, FEEDBACK, HISTORY, DUPFACTOR,
            SCORING, OPTIMIZER, TOPICS, ITERATIONS, ALPHA, BETA, SEED, PRECISION,
        ],
        gives: "the columns `part`, `name`, `text`, `weight` and `topics`.",
        examples: &[
            "SELECT part, count(*) FROM lda_train((SELECT * FROM synthetic_flow(1000, 1, '2024-05-14')), source => 'flow') \
         GROUP BY part",
        ],
    },
    plan: plan_train,
};

/// `lda_score`.
pub(crate) const SCORE: QueryFunction = QueryFunction {
    description: TableFunction {
        name: "lda_score",
        call: "lda_score(input, source => 'flow'|'dns'|'proxy', …)",
        about: "Gives every record of the input a score. A low score is suspicious. The model is trained on the same input, unless \
            model names one. Invalid records get NULL: flow_invalid, dns_invalid and proxy_invalid say why.",
        parameters: &[
            INPUT,
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
            relation(
                "model",
                "none",
                "A table or query of a model's rows, in place of a training. A model of other words or parameters is refused.",
            ),
            parameter(
                "unseen",
                "'smoothed'",
                "Beside model: what documents and words get that the model does not know: 'smoothed' or 'zero'.",
            ),
            parameter(
                "explain",
                "false",
                "true adds why: seven columns about the least probable pair of document and word. 'pair' adds the first two.",
            ),
            parameter(
                "restarts",
                "2, or 1 for scoring => 'spot'",
                "The number of models from other starts. Their judgements are averaged.",
            ),
            parameter(
                "lead",
                "false",
                "true adds the column `lead`, which is equal for records of the same documents and words.",
            ),
        ],
        gives: "all columns of the input and `score` DOUBLE. With explain come `document`, `word`, `meaning`, `times`, \
            `elsewhere`, `usual` and `by_topic`. With model comes `unseen`, and with lead comes `lead`.",
        examples: &[
            "SELECT sip, dip, dport, score, meaning\n\
         FROM lda_score((SELECT * FROM synthetic_flow(2000, 1, '2024-05-14')), source => 'flow', explain => true)\n\
         ORDER BY score LIMIT 3",
            "SELECT DISTINCT visitor, page, score\n\
         FROM lda_score((SELECT * FROM (VALUES ('a', '/'), ('a', '/'), ('b', '/'), ('b', '/admin')) t(visitor, page)),\n\
         \x20 documents => [visitor], words => [page])\n\
         ORDER BY score",
        ],
    },
    plan: plan_score,
};
