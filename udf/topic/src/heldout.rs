//! How well a model predicts what it has not seen: document completion.
//!
//! The tokens of each document are split at random. A model is trained on the one part
//! ([`Split::observed`]), and is the better the more probable the other part is under it
//! (Wallach, Murray, Salakhutdinov and Mimno, "Evaluation methods for topic models", 2009):
//!
//! ```text
//! perplexity = exp(- Σ n ln p(w|d) / Σ n),    p(w|d) = Σ_k theta_dk phi_wk
//! ```
//!
//! the number of words among which the model wavers at every token. Methods differ in what their `theta` and `phi` are.
//! Variational Bayes gives posterior means, the priors included. Expectation maximisation gives shares of counts, and a
//! word that fell wholly into the other part has probability 0. A method that smooths while training is to smooth while
//! predicting, so [`Smoothing`] brings back the pseudo-counts of its priors (Asuncion, Welling, Smyth and Teh 2009,
//! section 2).

use super::compute::random::hash;
use super::{Corpus, Error, Fitted, score};

/// A corpus in two parts, with the same documents and words.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// For training.
    pub observed: Corpus,
    /// For judging.
    pub held_out: Corpus,
}

/// The pseudo-counts of a method's priors, where its mixtures leave them out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// For every topic of a document.
    pub documents: f64,
    /// For every word of a topic.
    pub words: f64,
}

impl Smoothing {
    /// For mixtures that have their priors in them, as those of `online`.
    pub const NONE: Self = Self {
        documents: 0.0,
        words: 0.0,
    };

    /// Adds the pseudo-counts to the mixtures of a model of `corpus`: `theta = (N_dk + a) / (N_d + K
    /// a)` and `phi = (N_wk + b) / (N_k + V b)`.
    pub fn apply(self, fitted: &mut Fitted, corpus: &Corpus) {
        let topics = fitted.topics as f64;
        let mixes = fitted.theta.chunks_exact_mut(fitted.topics);
        for (mix, length) in mixes.zip(lengths(corpus)) {
            let total = length + topics * self.documents;
            for share in mix {
                *share = smoothed(*share, length, self.documents, total);
            }
        }
        let words = corpus.words() as f64;
        for row in fitted.phi.chunks_exact_mut(fitted.topics) {
            for (share, tokens) in row.iter_mut().zip(&fitted.topic_tokens) {
                *share = smoothed(*share, *tokens, self.words, tokens + words * self.words);
            }
        }
    }
}

/// How probable held-out tokens are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Held-out tokens.
    pub tokens: u64,
    /// `Σ n ln p(w|d)` over them.
    pub log_likelihood: f64,
    /// Those among them whose word occurs nowhere in the observed part: what a model says of
    /// them is its prior.
    pub unseen_tokens: u64,
    /// `Σ n ln p(w|d)` over these.
    pub unseen_log_likelihood: f64,
}

impl Prediction {
    /// The perplexity over all tokens.
    pub fn perplexity(&self) -> f64 {
        (-self.log_likelihood / self.tokens as f64).exp()
    }

    /// The perplexity over the tokens whose words were seen.
    pub fn perplexity_of_seen(&self) -> f64 {
        let tokens = self.tokens - self.unseen_tokens;
        (-(self.log_likelihood - self.unseen_log_likelihood) / tokens as f64).exp()
    }
}

/// Splits a corpus: every token is observed with the probability `share`, independently.
///
/// # Errors
/// A share outside of (0, 1); [`Error::Empty`] where chance leaves a part without tokens.
pub fn split(corpus: &Corpus, share: f64, seed: u64) -> Result<Split, Error> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::Parameter {
            name: "share",
            value: share.to_string(),
            accepted: "a number between 0 and 1, neither included",
        });
    }
    let mut numbers = Numbers(seed);
    let (mut observed, mut held_out) = (Vec::new(), Vec::new());
    for (document, word, count) in pairs(corpus) {
        let kept = numbers.binomial(count, share);
        if kept > 0 {
            observed.push((document, word, u64::from(kept)));
        }
        if kept < count {
            held_out.push((document, word, u64::from(count - kept)));
        }
    }
    let part = |pairs| Corpus::from_pairs(corpus.documents(), corpus.words(), pairs);
    Ok(Split {
        observed: part(observed)?,
        held_out: part(held_out)?,
    })
}

/// How well a model of `split.observed` predicts `split.held_out`.
pub fn predict(fitted: &Fitted, smoothing: Smoothing, split: &Split) -> Prediction {
    let mut fitted = fitted.clone();
    smoothing.apply(&mut fitted, &split.observed);
    let seen = split.observed.by_word().offsets();
    let mut prediction = Prediction {
        tokens: 0,
        log_likelihood: 0.0,
        unseen_tokens: 0,
        unseen_log_likelihood: 0.0,
    };
    for (document, word, count) in pairs(&split.held_out) {
        let (document, word) = (document as usize, word as usize);
        let mix = fitted.theta.chunks_exact(fitted.topics).nth(document);
        let row = fitted.phi.chunks_exact(fitted.topics).nth(word);
        let (mix, row) = (mix.unwrap_or(&[]), row.unwrap_or(&[]));
        let probability = score(mix, row);
        let log_likelihood = f64::from(count) * probability.ln();
        prediction.tokens += u64::from(count);
        prediction.log_likelihood += log_likelihood;
        if seen[word] == seen[word + 1] {
            prediction.unseen_tokens += u64::from(count);
            prediction.unseen_log_likelihood += log_likelihood;
        }
    }
    prediction
}

/// Gives new documents their mixes under the topics of a model, which stay as they are: the most
/// probable mix with `pseudo_count` added to every topic, by so many rounds of expectation
/// maximisation from an even start (20 will do). The result has these documents in place of the
/// model's, and no iterations.
///
/// To judge a model by documents it has never seen: [`split`] them, fold in the observed part,
/// and [`predict`] the other with no smoothing for documents (the mixes have theirs) and the
/// model's for words.
pub fn fold_in(
    fitted: &Fitted,
    smoothing: Smoothing,
    pseudo_count: f64,
    documents: &Corpus,
    rounds: usize,
) -> Fitted {
    let topics = fitted.topics;
    let smoothed_phi: Vec<f64> = {
        let words = documents.words() as f64;
        let totals = fitted.topic_tokens.iter().cycle();
        let cells = fitted.phi.iter().zip(totals);
        cells
            .map(|(share, tokens)| {
                let total = tokens + words * smoothing.words;
                smoothed(*share, *tokens, smoothing.words, total)
            })
            .collect()
    };
    let rows = documents.by_document();
    let mut theta = vec![1.0 / topics as f64; documents.documents() * topics];
    let (mut next, mut mix) = (vec![0.0; topics], vec![0.0; topics]);
    for (theta, bounds) in theta
        .chunks_exact_mut(topics)
        .zip(rows.offsets().windows(2))
    {
        for _ in 0..rounds {
            next.fill(pseudo_count);
            for pair in bounds[0]..bounds[1] {
                let word = rows.columns()[pair] as usize;
                let phi = &smoothed_phi[word * topics..][..topics];
                for (mix, (share, phi)) in mix.iter_mut().zip(theta.iter().zip(phi)) {
                    *mix = share * phi;
                }
                let sum: f64 = mix.iter().sum();
                if sum > 0.0 {
                    let weight = f64::from(rows.counts()[pair]) / sum;
                    next.iter_mut()
                        .zip(&mix)
                        .for_each(|(next, mix)| *next += weight * mix);
                }
            }
            let sum: f64 = next.iter().sum();
            if sum > 0.0 {
                theta
                    .iter_mut()
                    .zip(&next)
                    .for_each(|(share, next)| *share = next / sum);
            }
        }
    }
    Fitted {
        theta,
        iterations: Vec::new(),
        ..fitted.clone()
    }
}

/// A share of so many tokens with a pseudo-count; as it is where there are neither.
fn smoothed(share: f64, tokens: f64, pseudo: f64, total: f64) -> f64 {
    if pseudo > 0.0 {
        (share * tokens + pseudo) / total
    } else {
        share
    }
}

/// All (document, word, count) of a corpus, document by document.
fn pairs(corpus: &Corpus) -> impl Iterator<Item = (u32, u32, u32)> {
    let rows = corpus.by_document();
    (0..)
        .zip(rows.offsets().windows(2))
        .flat_map(|(document, bounds)| {
            let pairs = bounds[0]..bounds[1];
            let columns = rows.columns()[pairs.clone()].iter();
            columns
                .zip(&rows.counts()[pairs])
                .map(move |(&word, &count)| (document, word, count))
        })
}

/// How many tokens each document has.
fn lengths(corpus: &Corpus) -> Vec<f64> {
    let mut lengths = vec![0.0; corpus.documents()];
    for (document, _, count) in pairs(corpus) {
        lengths[document as usize] += f64::from(count);
    }
    lengths
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Numbers(u64);

impl Numbers {
    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (hash(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// How many of so many tokens are taken. Above a few thousand the normal approximation,
    /// whose error is far below the spread.
    fn binomial(&mut self, count: u32, share: f64) -> u32 {
        if count <= 4096 {
            return (0..count).map(|_| u32::from(self.unit() < share)).sum();
        }
        let (mean, variance) = (
            f64::from(count) * share,
            f64::from(count) * share * (1.0 - share),
        );
        // Twelve uniform numbers less six have mean 0 and variance 1 (the central limit).
        let normal = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (mean + normal * variance.sqrt())
            .round()
            .clamp(0.0, f64::from(count)) as u32
    }
}
