//! What must hold for every training.

use super::{bits, train, uneven};
use crate::em::{self, Parameters, Precision};
use crate::{Corpus, Fitted};

const PRECISIONS: [Precision; 2] = [Precision::Single, Precision::Double];

fn assert_is_a_model(fitted: &Fitted, corpus: &Corpus, tolerance: f64) {
    let topics = fitted.topics;
    assert_eq!(fitted.theta.len(), corpus.documents() * topics);
    assert_eq!(fitted.phi.len(), corpus.words() * topics);
    assert!(
        fitted
            .theta
            .iter()
            .chain(&fitted.phi)
            .all(|share| (0.0..=1.0).contains(share))
    );
    for document in fitted.theta.chunks_exact(topics) {
        assert!((document.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
    for topic in 0..topics {
        let sum: f64 = fitted.phi.iter().skip(topic).step_by(topics).sum();
        assert!((sum - 1.0).abs() < 1e-9, "topic {topic}: {sum}");
    }
    let tokens: f64 = fitted.topic_tokens.iter().sum();
    assert!(
        (tokens / corpus.tokens() as f64 - 1.0).abs() < tolerance,
        "{tokens}"
    );
    assert!(
        fitted
            .iterations
            .iter()
            .all(|one| one.objective().is_finite())
    );
}

#[test]
fn the_objective_never_falls() {
    for (seed, topics, alpha, beta) in [
        (1, 5, 1.02, 1.001),
        (2, 20, 1.5, 1.2),
        (3, 9, 1.000_001, 3.0),
        (4, 40, 11.0, 1.1),
    ] {
        let corpus = uneven(60, 90, 900, seed);
        let parameters = Parameters {
            topics,
            iterations: 60,
            alpha,
            beta,
            seed,
            ..Parameters::default()
        };
        for (precision, slack) in [(Precision::Double, 1e-12), (Precision::Single, 2e-7)] {
            let fitted = train(
                &corpus,
                &Parameters {
                    precision,
                    ..parameters.clone()
                },
            )
            .unwrap();
            assert_eq!(fitted.iterations.len(), 61);
            for pair in fitted.iterations.windows(2) {
                let (before, after) = (pair[0].objective(), pair[1].objective());
                assert!(
                    after >= before - slack * before.abs(),
                    "{precision:?} {pair:?}"
                );
                assert_eq!(pair[1].number, pair[0].number + 1);
            }
            let (first, last) = (fitted.iterations[0], fitted.iterations[60]);
            assert!(last.objective() > first.objective());
            assert_is_a_model(&fitted, &corpus, 1e-5);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // Large enough for many tasks, for rows cut into pieces, and for rows of several segments.
    let corpus = uneven(20_000, 10_000, 50_000, 5);
    for precision in PRECISIONS {
        let run = |threads| {
            let parameters = Parameters {
                topics: 5,
                iterations: 2,
                precision,
                threads,
                ..Parameters::default()
            };
            train(&corpus, &parameters).unwrap()
        };
        let one = run(1);
        assert_is_a_model(&one, &corpus, 1e-5);
        for threads in [2, 3, 8] {
            assert!(
                bits(&one) == bits(&run(threads)),
                "{threads} threads, {precision:?}"
            );
        }
    }
}

#[test]
fn the_seed_decides() {
    let corpus = uneven(40, 50, 400, 6);
    let run = |seed| {
        let parameters = Parameters {
            topics: 4,
            iterations: 3,
            seed,
            ..Parameters::default()
        };
        train(&corpus, &parameters).unwrap()
    };
    assert_eq!(bits(&run(1)), bits(&run(1)));
    assert_ne!(bits(&run(1)), bits(&run(2)));
}

#[test]
fn every_number_of_topics_works() {
    let corpus = uneven(30, 40, 300, 7);
    for precision in PRECISIONS {
        for topics in (1..=9).chain([16, 17, 24, 32, 33, 40, 47, 64, 65, 1000]) {
            let parameters = Parameters {
                topics,
                iterations: 3,
                precision,
                ..Parameters::default()
            };
            let fitted = train(&corpus, &parameters).unwrap();
            assert_is_a_model(&fitted, &corpus, 1e-5);
            let objectives = fitted.iterations.windows(2);
            let rises = |pair: &[em::Iteration]| pair[1].objective() > pair[0].objective();
            assert!(
                topics == 1 || objectives.last().is_some_and(rises),
                "{topics}"
            );
        }
    }
}

#[test]
fn one_topic_is_the_frequencies() {
    let corpus = Corpus::from_pairs(2, 3, [(0, 0, 3), (0, 1, 2), (1, 1, 5)]).unwrap();
    let fitted = train(
        &corpus,
        &Parameters {
            topics: 1,
            ..Parameters::default()
        },
    )
    .unwrap();
    assert_eq!(fitted.theta, [1.0, 1.0]);
    for (ours, frequency) in fitted.phi.iter().zip([0.3, 0.7, 0.0]) {
        assert!((ours - frequency).abs() < 1e-14);
    }
}

#[test]
fn one_document_with_one_word_is_a_model() {
    let corpus = Corpus::from_pairs(1, 1, [(0, 0, 1)]).unwrap();
    for precision in PRECISIONS {
        let parameters = Parameters {
            topics: 3,
            iterations: 5,
            precision,
            ..Parameters::default()
        };
        let fitted = train(&corpus, &parameters).unwrap();
        assert_is_a_model(&fitted, &corpus, 1e-6);
        // A single word is certain, whatever the topics.
        assert!(
            fitted
                .iterations
                .iter()
                .all(|one| one.log_likelihood.abs() < 1e-6)
        );
    }
}

#[test]
fn a_document_without_words_has_the_uniform_mix() {
    let corpus = Corpus::from_pairs(3, 2, [(0, 0, 3), (2, 1, 2)]).unwrap();
    let fitted = train(
        &corpus,
        &Parameters {
            topics: 4,
            ..Parameters::default()
        },
    )
    .unwrap();
    assert_eq!(fitted.document(1).unwrap(), [0.25; 4]);
    assert!(fitted.document(3).is_none() && fitted.word(2).is_none());
}

#[test]
fn huge_counts_and_extreme_concentrations_stay_finite() {
    let mut pairs: Vec<(u32, u32, u64)> = (0..400)
        .map(|pair| (pair % 20, pair / 20, 1 + u64::from(pair % 3)))
        .collect();
    pairs.push((4, 4, 4_000_000_000));
    pairs.push((5, 4, 3_000_000_000));
    let corpus = Corpus::from_pairs(20, 20, pairs).unwrap();
    for precision in PRECISIONS {
        for concentration in [1.0 + 1e-9, 1.001, 1e6] {
            let parameters = Parameters {
                topics: 11,
                iterations: 50,
                alpha: concentration,
                beta: concentration,
                precision,
                ..Parameters::default()
            };
            let fitted = train(&corpus, &parameters).unwrap();
            assert_is_a_model(&fitted, &corpus, 1e-4);
        }
    }
}

#[test]
fn a_long_row_does_not_wear_out_single_precision() {
    // A word that every document has: naive sums in 32 bits would stop growing.
    let documents = 70_000;
    let pairs =
        (0..documents).flat_map(|document| [(document, 0, 1), (document, 1 + document % 50, 1)]);
    let corpus = Corpus::from_pairs(documents as usize, 51, pairs).unwrap();
    let run = |precision| {
        let parameters = Parameters {
            topics: 3,
            iterations: 4,
            precision,
            ..Parameters::default()
        };
        train(&corpus, &parameters).unwrap()
    };
    let (single, double) = (run(Precision::Single), run(Precision::Double));
    for (single, double) in single.topic_tokens.iter().zip(&double.topic_tokens) {
        assert!((single / double - 1.0).abs() < 1e-5, "{single} {double}");
    }
    for (single, double) in single.word(0).unwrap().iter().zip(double.word(0).unwrap()) {
        assert!((single / double - 1.0).abs() < 1e-5, "{single} {double}");
    }
}
