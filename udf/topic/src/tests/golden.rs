//! The reference runs of `spec/golden`: Spark MLlib's EM, and the original's scores.

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::em::{self, Parameters, Precision, Start};
use crate::{Corpus, Fitted, score};

/// The folder of the vectors, if this machine has it.
fn golden() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec/golden");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: ../shared is absent");
    None
}

/// The cells of a tab-separated file, without its header.
fn cells(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

/// A matrix by row number.
fn matrix(path: &Path) -> HashMap<usize, Vec<f64>> {
    let numbers = |row: &[String]| row.iter().map(|cell| cell.parse().unwrap()).collect();
    cells(path)
        .iter()
        .map(|row| (row[0].parse().unwrap(), numbers(&row[1..])))
        .collect()
}

/// java.util.Random's uniform doubles.
struct JavaRandom(u64);

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: u64) -> Self {
        Self((seed ^ Self::MULTIPLIER) & Self::MASK)
    }

    fn bits(&mut self, bits: u32) -> u64 {
        self.0 = self.0.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xB) & Self::MASK;
        self.0 >> (48 - bits)
    }

    fn double(&mut self) -> f64 {
        ((self.bits(26) << 27) + self.bits(27)) as f64 / (1u64 << 53) as f64
    }
}

struct Run {
    fitted: Fitted,
    corpus: Corpus,
}

/// Repeats a reference run from its start.
fn repeat(
    folder: &Path,
    name: &str,
    topics: usize,
    iterations: usize,
    precision: Precision,
) -> Run {
    let rows = cells(&folder.join(format!("{name}_edges.tsv")));
    let edges: Vec<(u32, u32, u64)> = rows
        .iter()
        .map(|row| {
            (
                row[2].parse().unwrap(),
                row[3].parse().unwrap(),
                row[4].parse().unwrap(),
            )
        })
        .collect();
    let partitions = rows.iter().map(|row| row[1].parse::<u64>().unwrap());
    let documents = edges.iter().map(|edge| edge.0).max().unwrap() as usize + 1;
    let words = edges.iter().map(|edge| edge.1).max().unwrap() as usize + 1;
    // Every partition of the run had a generator of its own, seeded with seed + partition: the
    // vectors' README leaves that out, the vectors agree with nothing else.
    let mut generators = HashMap::new();
    let (mut of_documents, mut of_words) =
        (vec![0.0; documents * topics], vec![0.0; words * topics]);
    for (&(document, word, count), partition) in edges.iter().zip(partitions) {
        let random = generators
            .entry(partition)
            .or_insert_with(|| JavaRandom::new(1 + partition));
        let mix: Vec<f64> = (0..topics).map(|_| random.double()).collect();
        let sum: f64 = mix.iter().sum();
        for (topic, share) in mix.iter().enumerate() {
            of_documents[document as usize * topics + topic] += share / sum * count as f64;
            of_words[word as usize * topics + topic] += share / sum * count as f64;
        }
    }
    let corpus = Corpus::from_pairs(documents, words, edges).unwrap();
    let fitted = em::train_from(
        &corpus,
        &Parameters {
            topics,
            iterations,
            precision,
            ..Parameters::default()
        },
        &Start {
            documents: &of_documents,
            words: &of_words,
        },
        &mut |_| ControlFlow::Continue(()),
        &AtomicBool::new(false),
    );
    Run {
        fitted: fitted.unwrap(),
        corpus,
    }
}

const RUNS: [(&str, usize, usize); 3] = [
    ("em_k5_seed1_it1_p1", 5, 1),
    ("em_k5_seed1_it20_p1", 5, 20),
    ("em_k20_seed1_it20_p1", 20, 20),
];

#[test]
fn the_reference_runs_are_reproduced() {
    let Some(folder) = golden().map(|folder| folder.join("em")) else {
        return;
    };
    let likelihoods = cells(&folder.join("em_loglik.tsv"));
    for (name, topics, iterations) in RUNS {
        let Run { fitted, corpus } = repeat(&folder, name, topics, iterations, Precision::Double);

        let mixes = matrix(&folder.join(format!("{name}_doc_topic_mix.tsv")));
        assert_eq!(mixes.len(), corpus.documents());
        for (document, mix) in mixes {
            for (ours, theirs) in fitted.document(document).unwrap().iter().zip(&mix) {
                assert!(
                    (ours - theirs).abs() < 1e-12,
                    "{name} {document}: {ours} {theirs}"
                );
            }
        }

        let counts = matrix(&folder.join(format!("{name}_word_topic_counts.tsv")));
        assert_eq!(counts.len(), corpus.words());
        for (word, counts) in counts {
            let row = fitted.word(word).unwrap();
            for ((share, tokens), theirs) in row.iter().zip(&fitted.topic_tokens).zip(&counts) {
                let ours = share * tokens;
                assert!(
                    (ours / theirs - 1.0).abs() < 1e-9,
                    "{name} {word}: {ours} {theirs}"
                );
            }
        }

        let theirs = likelihoods.iter().find(|row| row[0] == name).unwrap();
        let last = fitted.iterations.last().unwrap();
        assert_eq!(last.number, iterations);
        for (ours, theirs) in [
            (last.log_likelihood, &theirs[1]),
            (last.log_prior, &theirs[2]),
        ] {
            let theirs: f64 = theirs.parse().unwrap();
            assert!(
                (ours / theirs - 1.0).abs() < 1e-11,
                "{name}: {ours} {theirs}"
            );
        }
    }
}

#[test]
fn single_precision_stays_close_to_the_reference_runs() {
    let Some(folder) = golden().map(|folder| folder.join("em")) else {
        return;
    };
    for (name, topics, iterations) in RUNS {
        let Run { fitted, .. } = repeat(&folder, name, topics, iterations, Precision::Single);
        let Run { fitted: exact, .. } =
            repeat(&folder, name, topics, iterations, Precision::Double);
        let (ours, theirs) = (fitted.iterations[iterations], exact.iterations[iterations]);
        assert!(
            (ours.log_likelihood / theirs.log_likelihood - 1.0).abs() < 1e-6,
            "{name}"
        );
        for (ours, theirs) in fitted.theta.iter().zip(&exact.theta) {
            assert!((ours - theirs).abs() < 2e-4, "{name}: {ours} {theirs}");
        }
        for (ours, theirs) in fitted.phi.iter().zip(&exact.phi) {
            assert!((ours - theirs).abs() < 2e-4, "{name}: {ours} {theirs}");
        }
    }
}

#[test]
fn scores_have_the_bits_of_the_original() {
    let Some(folder) = golden() else { return };
    let numbers = |cell: &str| -> Vec<f64> {
        let bits = |word| f64::from_bits(u64::from_str_radix(word, 16).unwrap());
        cell.split(',').map(bits).collect()
    };
    let mut seen = 0;
    for row in cells(&folder.join("score.tsv")) {
        // A word unseen in training has no row; what it scores is not decided here.
        if row[2] == "\\N" {
            continue;
        }
        let ours = score(&numbers(&row[0]), &numbers(&row[2]));
        assert_eq!(format!("{:016x}", ours.to_bits()), row[4], "{}", row[1]);
        seen += 1;
    }
    assert!(seen > 100);
}
