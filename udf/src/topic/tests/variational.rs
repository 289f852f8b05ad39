//! What must hold for the variational methods, `online` and `cvb0`.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Numbers, bits, uneven};
use crate::topic::em::Iteration;
use crate::topic::online::Unit;
use crate::topic::{Corpus, Error, Fitted, cvb0, online};

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
        let parameters = cvb0::Parameters {
            topics: plan.topics,
            iterations: plan.iterations,
            seed: plan.seed,
            threads: plan.threads,
            ..cvb0::Parameters::default()
        };
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

#[test]
fn an_observer_that_breaks_gets_the_model_of_a_shorter_training() {
    let corpus = uneven(30, 30, 200, 10);
    for (name, method) in METHODS {
        let plan = Plan {
            iterations: 50,
            ..PLAN
        };
        let observer = &mut |one: &Iteration| {
            if one.number == 5 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let broken = method(&corpus, plan, observer, &AtomicBool::new(false)).unwrap();
        let plan = Plan {
            iterations: 7,
            ..PLAN
        };
        assert_eq!(bits(&broken), bits(&train(method, &corpus, plan)), "{name}");
    }
}

#[test]
fn another_thread_cancels_a_training() {
    let corpus = uneven(1000, 1000, 20_000, 8);
    for (name, method) in METHODS {
        let cancel = AtomicBool::new(false);
        let plan = Plan {
            topics: 20,
            iterations: 100_000,
            threads: 2,
            ..PLAN
        };
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                cancel.store(true, Ordering::Relaxed);
            });
            method(&corpus, plan, &mut go_on, &cancel)
        });
        let Err(Error::Cancelled { of: 100_000, .. }) = result else {
            panic!("{name}: {:?}", result.map(|fitted| fitted.iterations.len()));
        };
        let result = method(&corpus, PLAN, &mut go_on, &AtomicBool::new(true));
        let iterations = 0;
        assert_eq!(
            result,
            Err(Error::Cancelled { iterations, of: 5 }),
            "{name}"
        );
    }
}

#[test]
fn parameters_out_of_range_are_named_with_what_is_accepted() {
    let refused = |parameters: online::Parameters| parameters.validate().unwrap_err().to_string();
    let base = online::Parameters::default;
    for (parameters, sentence) in [
        (
            online::Parameters {
                topics: 0,
                ..base()
            },
            "topics is 0; accepted is a whole number from 1 to 1000",
        ),
        (
            online::Parameters {
                iterations: 0,
                ..base()
            },
            "iterations is 0; accepted is a whole number from 1 to 100000",
        ),
        (
            online::Parameters {
                threads: 1025,
                ..base()
            },
            "threads is 1025; accepted is",
        ),
        (
            online::Parameters {
                alpha: Some(0.0),
                ..base()
            },
            "alpha is 0; accepted is a number from 0.000001",
        ),
        (
            online::Parameters {
                beta: Some(f64::NAN),
                ..base()
            },
            "beta is NaN; accepted is a number from 0.000001",
        ),
        (
            online::Parameters {
                fraction: 0.0,
                ..base()
            },
            "fraction is 0; accepted is a share of the documents",
        ),
        (
            online::Parameters {
                fraction: f64::NAN,
                ..base()
            },
            "fraction is NaN",
        ),
        (
            online::Parameters {
                kappa: 0.5,
                ..base()
            },
            "kappa is 0.5; accepted is a number above 0.5",
        ),
        (
            online::Parameters {
                tau0: 0.5,
                ..base()
            },
            "tau0 is 0.5; accepted is a number from 1",
        ),
    ] {
        let refused = refused(parameters);
        assert!(refused.starts_with(sentence), "{refused}");
    }
    let refused = |parameters: cvb0::Parameters| parameters.validate().unwrap_err().to_string();
    let base = cvb0::Parameters::default;
    for (parameters, sentence) in [
        (
            cvb0::Parameters {
                topics: 1001,
                ..base()
            },
            "topics is 1001; accepted is a whole",
        ),
        (
            cvb0::Parameters {
                iterations: 0,
                ..base()
            },
            "iterations is 0; accepted is",
        ),
        (
            cvb0::Parameters {
                threads: 0,
                ..base()
            },
            "threads is 0; accepted is",
        ),
        (
            cvb0::Parameters {
                alpha: -1.0,
                ..base()
            },
            "alpha is -1; accepted is a number from",
        ),
        (
            cvb0::Parameters {
                beta: f64::INFINITY,
                ..base()
            },
            "beta is inf; accepted is",
        ),
    ] {
        let refused = refused(parameters);
        assert!(refused.starts_with(sentence), "{refused}");
    }
}

#[test]
fn the_memory_bounds_hold_what_is_allocated_and_never_overflow() {
    let (documents, words, pairs, topics) = (200_000, 60_000, 4_000_000, 20);
    let counts = (documents + words) * topics * 8;
    let bound = cvb0::memory_bytes(documents, words, pairs, topics, 8);
    let held = pairs * topics * 4 + counts;
    assert!((held..held + held / 2).contains(&bound), "{held} {bound}");
    let bound = online::memory_bytes(documents, words, pairs, topics, 1.0, 8);
    let held = (2 * documents + 2 * words) * topics * 8;
    assert!((held..2 * held).contains(&bound), "{held} {bound}");
    assert_eq!(cvb0::memory_bytes(usize::MAX, 1, 1, 20, 1), usize::MAX);
    assert_eq!(
        online::memory_bytes(usize::MAX, 1, 1, 20, 0.1, 1),
        usize::MAX
    );
}
