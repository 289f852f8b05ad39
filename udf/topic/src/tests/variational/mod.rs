//! What must hold for the variational methods, `online` and `cvb0`.

mod steering;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use super::{Numbers, bits, uneven};
use crate::compute::lanes::Instructions;
use crate::em::Iteration;
use crate::online::Unit;
use crate::{Corpus, Error, Fitted, cvb0, online};

/// What the methods have in common.
#[derive(Debug, Clone, Copy)]
struct Plan {
    topics: usize,
    iterations: usize,
    seed: u64,
    threads: usize,
}

const PLAN: Plan = Plan {
    topics: 4,
    iterations: 5,
    seed: 1,
    threads: 1,
};

type Observer<'a> = &'a mut dyn FnMut(&Iteration) -> ControlFlow<()>;
type Method = fn(&Corpus, Plan, Observer<'_>, &AtomicBool) -> Result<Fitted, Error>;

/// Online with mini-batches, online with full batches, and CVB0.
const METHODS: [(&str, Method); 3] = [
    ("online", |corpus, plan, observer, cancel| {
        online::train(corpus, &batches(plan, 0.1), observer, cancel)
    }),
    ("full batches", |corpus, plan, observer, cancel| {
        online::train(corpus, &batches(plan, 1.0), observer, cancel)
    }),
    ("cvb0", |corpus, plan, observer, cancel| {
        let parameters = collapsed(plan);
        cvb0::train(corpus, &parameters, observer, cancel)
    }),
];

fn batches(plan: Plan, fraction: f64) -> online::Parameters {
    online::Parameters {
        topics: plan.topics,
        iterations: plan.iterations,
        seed: plan.seed,
        threads: plan.threads,
        fraction,
        ..online::Parameters::default()
    }
}

fn collapsed(plan: Plan) -> cvb0::Parameters {
    cvb0::Parameters {
        topics: plan.topics,
        iterations: plan.iterations,
        seed: plan.seed,
        threads: plan.threads,
        ..cvb0::Parameters::default()
    }
}

fn go_on(_: &Iteration) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn train(method: Method, corpus: &Corpus, plan: Plan) -> Fitted {
    method(corpus, plan, &mut go_on, &AtomicBool::new(false)).unwrap()
}

fn assert_is_a_model(fitted: &Fitted, corpus: &Corpus) {
    let topics = fitted.topics;
    assert_eq!(fitted.theta.len(), corpus.documents() * topics);
    assert_eq!(fitted.phi.len(), corpus.words() * topics);
    let shares = fitted.theta.iter().chain(&fitted.phi);
    assert!(shares.clone().all(|share| (0.0..=1.0).contains(share)));
    for document in fitted.theta.chunks_exact(topics) {
        assert!((document.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
    for topic in 0..topics {
        let sum: f64 = fitted.phi.iter().skip(topic).step_by(topics).sum();
        assert!((sum - 1.0).abs() < 1e-9, "topic {topic}: {sum}");
    }
    let tokens: f64 = fitted.topic_tokens.iter().sum();
    assert!(
        (tokens / corpus.tokens() as f64 - 1.0).abs() < 1e-6,
        "{tokens}"
    );
    for (number, one) in fitted.iterations.iter().enumerate() {
        assert!(one.objective().is_finite(), "{one:?}");
        assert_eq!(one.number, number);
    }
}

/// Documents of one or two of four topics, whose words are ten each and nobody else's.
fn planted() -> Corpus {
    let mut numbers = Numbers(3);
    let mut tokens = Vec::new();
    for document in 0..300 {
        let topics = [numbers.below(4), numbers.below(4)];
        for _ in 0..5 + numbers.below(60) {
            let topic = topics[numbers.below(2)];
            tokens.push((document, (topic * 10 + numbers.below(10)) as u32, 1));
        }
    }
    Corpus::from_pairs(300, 40, tokens).unwrap()
}

#[test]
fn planted_topics_are_found() {
    let corpus = planted();
    for (name, method) in METHODS {
        let plan = Plan {
            iterations: 60,
            ..PLAN
        };
        let fitted = train(method, &corpus, plan);
        let mut found = [false; 4];
        for topic in 0..4 {
            for (planted, found) in found.iter_mut().enumerate() {
                let words = planted * 10..planted * 10 + 10;
                let mass: f64 = words.map(|word| fitted.word(word).unwrap()[topic]).sum();
                *found |= mass > 0.95;
            }
        }
        assert_eq!(found, [true; 4], "{name}");
    }
}

#[test]
fn the_bound_of_full_batches_rises() {
    for (seed, topics) in [(1, 5), (2, 20), (3, 40)] {
        let corpus = uneven(60, 90, 900, seed);
        let plan = Plan {
            topics,
            seed,
            iterations: 60,
            ..PLAN
        };
        let fitted = train(METHODS[1].1, &corpus, plan);
        assert_eq!(fitted.iterations.len(), 61);
        for pair in fitted.iterations.windows(2) {
            let (before, after) = (pair[0].objective(), pair[1].objective());
            // Each visit begins at an even mix and ends where little moves: a document may come
            // out somewhere else, and a hair lower.
            assert!(after >= before - 3e-4 * before.abs(), "{pair:?}");
        }
        let (first, last) = (fitted.iterations[0], fitted.iterations[60]);
        assert!(last.objective() > first.objective() + 0.05 * first.objective().abs());
    }
}

#[test]
fn every_method_likes_the_corpus_better_in_the_end() {
    let corpus = uneven(300, 200, 3000, 4);
    for (name, method) in METHODS {
        let plan = Plan {
            topics: 10,
            iterations: 30,
            ..PLAN
        };
        let iterations = train(method, &corpus, plan).iterations;
        assert_eq!(iterations.len(), 31, "{name}");
        assert!(
            iterations[30].objective() > iterations[0].objective(),
            "{name}"
        );
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let corpus = uneven(6000, 3000, 30_000, 5);
    for (name, method) in METHODS {
        let run = |threads| {
            let plan = Plan {
                topics: 5,
                iterations: 2,
                threads,
                ..PLAN
            };
            bits(&train(method, &corpus, plan))
        };
        let one = run(1);
        for threads in [2, 3, 5, 8] {
            assert!(one == run(threads), "{name}, {threads} threads");
        }
    }
}

#[test]
fn any_processor_gives_the_same_bits() {
    let corpus = uneven(3000, 2000, 20_000, 1);
    for topics in [3, 20, 41] {
        let plan = Plan { topics, ..PLAN };
        let cancel = AtomicBool::new(false);
        let of_online = |instructions| {
            let parameters = batches(plan, 0.1);
            online::train_with(&corpus, &parameters, &mut go_on, &cancel, instructions)
        };
        let of_cvb0 = |instructions| {
            let parameters = collapsed(plan);
            cvb0::train_with(&corpus, &parameters, &mut go_on, &cancel, instructions)
        };
        let (best, plain) = (Instructions::detect(), Instructions::Baseline);
        assert!(bits(&of_online(best).unwrap()) == bits(&of_online(plain).unwrap()));
        assert!(bits(&of_cvb0(best).unwrap()) == bits(&of_cvb0(plain).unwrap()));
    }
}

#[test]
fn the_seed_decides() {
    let corpus = uneven(40, 50, 400, 6);
    for (name, method) in METHODS {
        let run = |seed| bits(&train(method, &corpus, Plan { seed, ..PLAN }));
        assert_eq!(run(1), run(1), "{name}");
        assert_ne!(run(1), run(2), "{name}");
    }
}

#[test]
fn every_number_of_topics_works() {
    let corpus = uneven(30, 40, 300, 7);
    for (_, method) in METHODS {
        for topics in (1..=9).chain([16, 20, 21, 33, 1000]) {
            let fitted = train(method, &corpus, Plan { topics, ..PLAN });
            assert_is_a_model(&fitted, &corpus);
        }
    }
}

#[test]
fn the_smallest_corpora_are_modelled() {
    for corpus in [
        Corpus::from_pairs(1, 1, [(0, 0, 1)]).unwrap(),
        Corpus::from_pairs(1, 4, [(0, 0, 1), (0, 2, 7)]).unwrap(),
        Corpus::from_pairs(4, 1, [(0, 0, 1), (2, 0, 7)]).unwrap(),
        Corpus::from_pairs(3, 2, [(1, 1, 3)]).unwrap(),
    ] {
        for (_, method) in METHODS {
            for topics in [1, 3] {
                assert_is_a_model(&train(method, &corpus, Plan { topics, ..PLAN }), &corpus);
            }
        }
    }
}

#[test]
fn a_document_without_words_has_the_mix_of_the_prior() {
    let corpus = Corpus::from_pairs(3, 2, [(0, 0, 3), (2, 1, 2)]).unwrap();
    let fitted = train(METHODS[2].1, &corpus, PLAN);
    assert_eq!(fitted.document(1).unwrap(), [0.25; 4]);
    let parameters = online::Parameters {
        optimize_alpha: false,
        ..batches(PLAN, 1.0)
    };
    let fitted = online::train(&corpus, &parameters, &mut go_on, &AtomicBool::new(false)).unwrap();
    assert_eq!(fitted.document(1).unwrap(), [0.25; 4]);
}

#[test]
fn huge_counts_and_extreme_concentrations_stay_finite() {
    let mut pairs: Vec<(u32, u32, u64)> = (0..400)
        .map(|pair| (pair % 20, pair / 20, 1 + u64::from(pair % 3)))
        .collect();
    pairs.push((4, 4, 4_000_000_000));
    pairs.push((5, 4, 3_000_000_000));
    let corpus = Corpus::from_pairs(20, 20, pairs).unwrap();
    let cancel = AtomicBool::new(false);
    for concentration in [1e-6, 0.05, 1e6] {
        let parameters = cvb0::Parameters {
            topics: 11,
            alpha: concentration,
            beta: concentration,
            ..cvb0::Parameters::default()
        };
        let fitted = cvb0::train(&corpus, &parameters, &mut go_on, &cancel).unwrap();
        assert_is_a_model(&fitted, &corpus);
        for fraction in [0.05, 1.0] {
            let parameters = online::Parameters {
                topics: 11,
                alpha: Some(concentration),
                beta: Some(concentration),
                fraction,
                ..online::Parameters::default()
            };
            let fitted = online::train(&corpus, &parameters, &mut go_on, &cancel).unwrap();
            assert_is_a_model(&fitted, &corpus);
        }
    }
}

#[test]
fn the_schedule_of_the_original_sees_one_document_an_iteration() {
    let corpus = uneven(100, 50, 500, 8);
    let parameters = online::Parameters::original(corpus.documents());
    assert_eq!(parameters.unit, Unit::Batch);
    let fitted = online::train(&corpus, &parameters, &mut go_on, &AtomicBool::new(false)).unwrap();
    assert_eq!(fitted.iterations.len(), 21);
    assert_is_a_model(&fitted, &corpus);
}
