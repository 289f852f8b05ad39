//! Suspicion: `lda_train(input, …)` and `lda_score(input, …)`, table functions over any query.
//!
//! * `lda_train` fits latent Dirichlet allocation to (document, word) pairs and returns the model
//!   as rows (parameters, course of the training, documents, words), to be kept with `CREATE TABLE … AS` or `INSERT`.
//! * `lda_score` returns every input row with one more column, `score`. Low is suspicious. By default a
//!   record is judged by what all the others do (`scoring => 'leave_one_out'`); `'spot'` is the
//!   original's rule, `min Σ_k p(k|document) p(word|k)` over its pairs. Both are in `score`. The
//!   model is trained on the same input unless `model =>` names one.
//!
//! Named arguments: `source` (`'flow'`, `'dns'`, `'proxy'`), with `words => 'v2'` or `'spot'` for ours
//! or the original's; or `documents` and `words` (an
//! expression over the input's columns each, or several in brackets) with `counts` (how often the
//! pair of a row occurred) or `distinct` (records that agree in documents, words and this expression count
//! once, NULL being a value like others); `feedback` (records of the same columns that an analyst has rated
//! harmless; each counts `dupfactor` times in training, 1000 by default, without being copied);
//! `scoring`; `optimizer` (`'em'`, `'online'`, `'cvb0'`), `topics` (10; by `scoring => 'spot'` 20),
//! `iterations` (60; 20), `alpha` and `beta`
//! (the concentrations, as the optimizer takes them: 1.02 and 1.001 for `em`), `seed` (1),
//! `precision` (`'double'`, or `'single'` with `em`). NULL is as if not given. For `lda_score` also
//!
//! * `model`: a table or query of a model's rows, in place of a training. The arguments above may still be
//!   given; a model that was made with others is refused. It must have been made with the same
//!   words (and, for DNS and proxy logs, the same domain lists);
//! * `unseen`: what a stored model makes of documents and words that it does not know:
//!   `'smoothed'` (an estimate, see `model`) or `'zero'` (the original's rule). With a stored
//!   model there is a column `unseen`: `document`, `word`, `both`, or NULL;
//! * `restarts` (2): models from so many starts, whose judgements are averaged;
//! * `explain => true`: why, in seven columns about the least probable pair: `document`, `word`, what it
//!   means (`meaning`), how often the document has it (`times`), how many others have it (`elsewhere`),
//!   what the document does most (`usual`), and `p(k|document) p(word|k)` by topic (`by_topic`);
//!   `explain => 'pair'` for the first two alone;
//! * `lead => true`: a column `lead`, equal for records with the same documents and words.
//!
//! Records that the source's rules call invalid (see `flow_invalid` and its kin, which say why)
//! take no part in training and get a NULL score.
//!
//! Counting is done here rather than by a GROUP BY on strings: training needs dense numbers and
//! the counts in memory in any case, and numbering each string once is several times faster.

mod fold;
mod judged;
mod method;
mod model;
mod pairs;
mod planner;
mod preset;
mod reference;
mod score;
mod settings;
mod source;
mod tally;
mod train;

pub(crate) use planner::{plan_score, plan_train};
pub(crate) use reference::{SCORE, TRAIN};
pub(crate) use score::{Score, ScoreExec};
pub(crate) use train::{Train, TrainExec};
