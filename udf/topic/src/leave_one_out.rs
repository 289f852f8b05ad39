//! Leave-one-out probabilities: how probable a word is in a document under the model that has not
//! seen it there.
//!
//! A model fitted to the very counts it judges finds normal whatever one document repeats. So each pair is judged
//! without itself. Its share in the model's sums is known, `x_k = n γ_k` with `γ_k ∝ theta_dk phi_wk`. Taking that out
//! is one step of the training's own arithmetic, and so close to training anew without the pair that nothing needs to
//! be trained anew:
//!
//! ```text
//! p(w|d) = (Σ_k θ_k φ_k + b q_w) / (1 + b)
//! θ_k = (N_dk - x_k + a m_k) / (N_d - n + a)      φ_k = (N_wk - x_k) / (N_k - x_k)
//! ```
//!
//! What is left may be nothing, and is smoothed by what is known beyond it:
//!
//! - a document's mix by that of the whole corpus, `m_k = N_k / N`, with the weight of `a` tokens (a
//!   hierarchical prior as in MacKay and Bauman Peto, "A hierarchical Dirichlet language model", 1995);
//! - the word by its fields, with the weight `b` against the topics. `q_w` is how probable it would be if they were
//!   independent of one another, `q_w = Π_f (M_f - n + ½) / (N - n + ½ V_f)`, where `M_f` tokens have the word's value
//!   in field `f`, which knows `V_f` values. A word that no other document has is thereby the less surprising the more
//!   usual its parts are (interpolation with a coarser model, Jelinek and Mercer 1980). That weight is the same for all
//!   topics: were it one of tokens, what is said of such words would hang on how large the topics happened to become,
//!   and so on the seed.
//!
//! Leaving out what has been counted is Good's deleted estimate (Jelinek and Mercer 1985); in topic
//! models it is the exclusion of the token itself in collapsed inference (Griffiths and Steyvers 2004).

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{Corpus, Fitted, Rows};

/// Pairs judged in one go.
const CHUNK: usize = 1 << 14;

/// The fields that words are made of: for every word and field, the number of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    width: usize,
    /// Words × fields, row after row; the values of each field are numbered from 0.
    values: Vec<u32>,
}

impl Fields {
    /// Fields of so many per word, at least one; `values` holds a row for every word.
    pub fn new(width: usize, values: Vec<u32>) -> Self {
        Self {
            width: width.max(1),
            values,
        }
    }

    fn of(&self, word: usize) -> &[u32] {
        &self.values[word * self.width..][..self.width]
    }
}

/// What is known beyond a pair weighs so much in judging it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// `a`: of the corpus' mix in every document's, in tokens.
    pub mix: f64,
    /// `b`: of the words' fields, against the topics' 1.
    pub fields: f64,
}

impl Default for Weights {
    /// 100 and 0.1. They are not critical: in a trial on the sets of `benchmarks/detection.md`, factors
    /// of five either way moved mean areas by about a hundredth. Smaller `a` and larger `b` agree
    /// less from seed to seed.
    fn default() -> Self {
        Self {
            mix: 100.0,
            fields: 0.1,
        }
    }
}

/// Judges the pairs of a corpus.
#[derive(Debug)]
pub struct LeaveOneOut<'a> {
    corpus: &'a Corpus,
    /// How many of each pair's tokens are the pair's own, to be left out; in the order of
    /// [`Corpus::by_document`]. The others (an analyst's feedback) stay.
    own: &'a [u32],
    fields: &'a Fields,
    weights: Weights,
    /// Tokens by document.
    lengths: Vec<f64>,
    /// Tokens by the value of each field.
    masses: Vec<Vec<f64>>,
}

impl<'a> LeaveOneOut<'a> {
    /// A judge of `corpus`, whose words have these fields.
    pub fn new(corpus: &'a Corpus, own: &'a [u32], fields: &'a Fields, weights: Weights) -> Self {
        let mut masses = vec![Vec::new(); fields.width];
        for (word, tokens) in totals(corpus.by_word()).enumerate() {
            for (masses, &value) in masses.iter_mut().zip(fields.of(word)) {
                let value = value as usize;
                if masses.len() <= value {
                    masses.resize(value + 1, 0.0);
                }
                masses[value] += tokens;
            }
        }
        Self {
            corpus,
            own,
            fields,
            weights,
            lengths: totals(corpus.by_document()).collect(),
            masses,
        }
    }

    /// Adds `p(w|d)` of every pair, in the order of [`Corpus::by_document`], to `sums`. Every one is
    /// above 0 and, but for rounding, at most 1.
    ///
    /// To be called once for each of several models whose judgements are averaged. The bits do
    /// not depend on the number of threads.
    pub fn add_probabilities(&self, fitted: &Fitted, sums: &mut [f64]) {
        let rows = self.corpus.by_document();
        let (offsets, words) = (rows.offsets(), rows.columns());
        let tokens: f64 = fitted.topic_tokens.iter().sum();
        let topics = fitted.topics;
        sums.par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, sums)| {
                let first = chunk * CHUNK;
                // The last of those that begin no later: the others among them are empty.
                let mut document = offsets.partition_point(|&begin| begin <= first) - 1;
                for (pair, sum) in (first..).zip(sums) {
                    while offsets[document + 1] <= pair {
                        document += 1;
                    }
                    let word = words[pair] as usize;
                    let document = Document {
                        mix: &fitted.theta[document * topics..][..topics],
                        length: self.lengths[document],
                    };
                    let row = &fitted.phi[word * topics..][..topics];
                    let own = f64::from(self.own[pair]);
                    let base = self.of_fields(word, own, tokens);
                    *sum += self.without(own, base, document, row, &fitted.topic_tokens, tokens);
                }
            });
    }

    /// `q_w`: the word's probability by its fields alone.
    fn of_fields(&self, word: usize, own: f64, tokens: f64) -> f64 {
        let fields = self.masses.iter().zip(self.fields.of(word));
        fields
            .map(|(masses, &value)| {
                let others = (masses[value as usize] - own).max(0.0);
                (others + 0.5) / ((tokens - own).max(0.0) + 0.5 * masses.len() as f64)
            })
            .product()
    }

    fn without(
        &self,
        own: f64,
        base: f64,
        document: Document<'_>,
        word: &[f64],
        topic_tokens: &[f64],
        tokens: f64,
    ) -> f64 {
        let Weights { mix, fields } = self.weights;
        let joint: f64 = document.mix.iter().zip(word).map(|(t, p)| t * p).sum();
        let share = if joint > 0.0 { own / joint } else { 0.0 };
        let mut sum = 0.0;
        for ((theta, phi), topic) in document.mix.iter().zip(word).zip(topic_tokens) {
            let left_out = share * theta * phi;
            let of_document = (theta * document.length - left_out).max(0.0) + mix * topic / tokens;
            let others = topic - left_out;
            if others > 0.0 {
                sum += of_document * (phi * topic - left_out).max(0.0) / others;
            }
        }
        let by_topics = sum / ((document.length - own).max(0.0) + mix);
        (by_topics + fields * base) / (1.0 + fields)
    }
}

/// The tokens of each row. Sums of whole numbers: exact in any order.
fn totals(rows: &Rows) -> impl Iterator<Item = f64> {
    let counts = rows.counts();
    let bounds = rows.offsets().windows(2);
    bounds.map(|bounds| {
        counts[bounds[0]..bounds[1]]
            .iter()
            .copied()
            .map(f64::from)
            .sum()
    })
}

/// A document as the model has it.
#[derive(Clone, Copy)]
struct Document<'a> {
    mix: &'a [f64],
    /// Its tokens.
    length: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one topic there is nothing but shares of tokens, to be worked out by hand.
    fn one_topic(corpus: &Corpus) -> Fitted {
        let tokens = corpus.tokens() as f64;
        Fitted {
            topics: 1,
            theta: vec![1.0; corpus.documents()],
            phi: totals(corpus.by_word())
                .map(|total| total / tokens)
                .collect(),
            topic_tokens: vec![tokens],
            iterations: Vec::new(),
        }
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn a_pair_is_judged_by_what_the_others_have() {
        // Words 0 and 1 share their first field and differ in the second.
        let fields = Fields::new(2, vec![0, 0, 0, 1]);
        let corpus = Corpus::from_pairs(2, 2, [(0, 0, 3), (1, 0, 5), (1, 1, 2)]).unwrap();
        let weights = Weights {
            mix: 1.0,
            fields: 4.0,
        };
        let own = [3, 5, 2];
        let judge = LeaveOneOut::new(&corpus, &own, &fields, weights);
        let mut found = vec![0.0; 3];
        judge.add_probabilities(&one_topic(&corpus), &mut found);
        // (0, 0): of the other 7 tokens 5 have the word, 7 the first field and 5 the second.
        let q = (7.0 + 0.5) / (7.0 + 0.5) * (5.0 + 0.5) / (7.0 + 1.0);
        close(found[0], (5.0 / 7.0 + 4.0 * q) / 5.0);
        // (1, 1): nobody else has the word; its second field is as new.
        let q = (8.0 + 0.5) / (8.0 + 0.5) * 0.5 / (8.0 + 1.0);
        close(found[2], 4.0 * q / 5.0);
    }

    #[test]
    fn what_is_not_a_pairs_own_stays() {
        let fields = Fields::new(1, vec![0, 1]);
        let corpus = Corpus::from_pairs(2, 2, [(0, 0, 1001), (1, 1, 4)]).unwrap();
        let judge = LeaveOneOut::new(&corpus, &[1, 4], &fields, Weights::default());
        let mut found = vec![0.0; 2];
        judge.add_probabilities(&one_topic(&corpus), &mut found);
        assert!(found[0] > 0.9, "{found:?}");
        assert!(found[1] < 0.001, "{found:?}");
    }

    #[test]
    fn a_single_pair_is_judged_by_its_fields() {
        let fields = Fields::new(1, vec![0]);
        let corpus = Corpus::from_pairs(1, 1, [(0, 0, 7)]).unwrap();
        let judge = LeaveOneOut::new(&corpus, &[7], &fields, Weights::default());
        let mut found = vec![0.0];
        judge.add_probabilities(&one_topic(&corpus), &mut found);
        // Nothing is known beyond it but that there is no other word.
        close(found[0], 0.1 / 1.1);
    }

    #[test]
    fn documents_without_words_are_passed_over() {
        let pairs = [(1, 0, 1), (3, 0, 2), (3, 1, 1)];
        let corpus = Corpus::from_pairs(5, 2, pairs).unwrap();
        let mut fitted = one_topic(&corpus);
        // Were a pair taken for that of another document, its mix would make it 0.
        fitted.theta = vec![0.0, 1.0, 0.0, 1.0, 0.0];
        let fields = Fields::new(1, vec![0, 1]);
        let weights = Weights {
            mix: 0.0,
            fields: 1.0,
        };
        let judge = LeaveOneOut::new(&corpus, &[0, 0, 0], &fields, weights);
        let mut found = vec![0.0; 3];
        judge.add_probabilities(&fitted, &mut found);
        assert!(found.iter().all(|p| *p > 0.0), "{found:?}");
    }
}
