//! Suspicion: `lda_train(input, …)` and `lda_score(input, …)`, table functions over any query.
//!
//! * `lda_train` fits latent Dirichlet allocation to (document, word) pairs and returns the model
//!   as rows (parameters, course of the training, documents, words), to be kept with `CREATE TABLE … AS` or `INSERT`.
//! * `lda_score` returns every input row with one more column, `score`. Low is suspicious. By default a
//!   record is judged by what all the others do (`scoring => 'leave_one_out'`); `'spot'` is the
//!   original's rule, `min Σ_k p(k|document) p(word|k)` over its pairs. Both are in `score`. The
//!   model is trained on the same input unless `model =>` names one.
//!
//! `function` declares both, with their parameters.
//!
//! Records that the source's rules call invalid (see `flow_invalid` and its kin, which say why)
//! take no part in training and get a NULL score.
//!
//! Counting is done here rather than by a GROUP BY on strings: training needs dense numbers and
//! the counts in memory in any case, and numbering each string once is several times faster.

mod fitting;
mod fold;
mod function;
mod judged;
mod model;
mod occurrences;
mod pairs;
mod planner;
mod recipe;
mod score;
mod settings;
mod tally;
mod train;

pub(crate) use function::{SCORE, TRAIN};
pub(crate) use score::{Score, ScoreExec};
pub(crate) use train::{Train, TrainExec};
