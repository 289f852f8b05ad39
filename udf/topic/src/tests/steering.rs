//! How a training is steered: cancelled, stopped, started from counts, refused.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{bits, train, uneven};
use crate::Error;
use crate::em::{self, Parameters, Start};

#[test]
fn another_thread_cancels_a_training() {
    let corpus = uneven(2000, 3000, 60_000, 8);
    let cancel = AtomicBool::new(false);
    let parameters = Parameters {
        topics: 30,
        iterations: 100_000,
        threads: 2,
        ..Parameters::default()
    };
    let mut seen = 0;
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            cancel.store(true, Ordering::Relaxed);
        });
        let observer = &mut |_: &em::Iteration| {
            seen += 1;
            ControlFlow::Continue(())
        };
        em::train(&corpus, &parameters, observer, &cancel)
    });
    let Err(Error::Cancelled {
        iterations,
        of: 100_000,
    }) = result
    else {
        panic!("{result:?}");
    };
    assert!(iterations <= seen && iterations < 100_000);
}

#[test]
fn a_training_that_is_cancelled_before_it_begins_does_nothing() {
    let corpus = uneven(10, 10, 20, 9);
    let observer = &mut |_: &em::Iteration| panic!("nothing to observe");
    let result = em::train(
        &corpus,
        &Parameters::default(),
        observer,
        &AtomicBool::new(true),
    );
    assert_eq!(
        result,
        Err(Error::Cancelled {
            iterations: 0,
            of: 20
        })
    );
}

#[test]
fn an_observer_that_breaks_gets_the_model_of_a_shorter_training() {
    let corpus = uneven(30, 30, 200, 10);
    let parameters = Parameters {
        topics: 3,
        iterations: 50,
        ..Parameters::default()
    };
    let observer = &mut |one: &em::Iteration| {
        if one.number == 5 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let broken = em::train(&corpus, &parameters, observer, &AtomicBool::new(false)).unwrap();
    let shorter = train(
        &corpus,
        &Parameters {
            iterations: 7,
            ..parameters
        },
    )
    .unwrap();
    assert_eq!(bits(&broken), bits(&shorter));
}

#[test]
fn a_start_from_a_model_goes_on_where_it_was() {
    let corpus = uneven(40, 50, 500, 11);
    let parameters = Parameters {
        topics: 6,
        iterations: 10,
        ..Parameters::default()
    };
    let (first, all) = (
        train(&corpus, &parameters).unwrap(),
        train(
            &corpus,
            &Parameters {
                iterations: 15,
                ..parameters.clone()
            },
        )
        .unwrap(),
    );
    let mut documents = first.theta.clone();
    for (row, pair) in documents
        .chunks_exact_mut(6)
        .zip(corpus.by_document().offsets().windows(2))
    {
        let counts = &corpus.by_document().counts()[pair[0]..pair[1]];
        let tokens: u32 = counts.iter().sum();
        row.iter_mut().for_each(|share| *share *= f64::from(tokens));
    }
    let mut words = first.phi.clone();
    for row in words.chunks_exact_mut(6) {
        row.iter_mut()
            .zip(&first.topic_tokens)
            .for_each(|(share, tokens)| *share *= tokens);
    }
    let start = Start {
        documents: &documents,
        words: &words,
    };
    let parameters = Parameters {
        iterations: 5,
        ..parameters
    };
    let observer = &mut |_: &em::Iteration| ControlFlow::Continue(());
    let cancel = AtomicBool::new(false);
    let rest = em::train_from(&corpus, &parameters, &start, observer, &cancel).unwrap();
    for (rest, all) in rest.theta.iter().zip(&all.theta) {
        assert!((rest - all).abs() < 1e-11);
    }

    let start = Start {
        documents: &documents[1..],
        words: &words,
    };
    let error = em::train_from(&corpus, &parameters, &start, observer, &cancel).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the start's documents have 245 counts"),
        "{error}"
    );
    words[13] = f64::NAN;
    let start = Start {
        documents: &documents,
        words: &words,
    };
    let error = em::train_from(&corpus, &parameters, &start, observer, &cancel).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the start's words hold NaN in row 2, topic 1")
    );
}

#[test]
fn parameters_out_of_range_are_named_with_what_is_accepted() {
    let corpus = uneven(3, 4, 5, 12);
    let refused = |parameters: Parameters| train(&corpus, &parameters).unwrap_err().to_string();
    let base = Parameters::default;
    assert_eq!(
        refused(Parameters {
            topics: 0,
            ..base()
        }),
        "topics is 0; accepted is a whole number from 1 to 1000"
    );
    assert!(
        refused(Parameters {
            topics: 1001,
            ..base()
        })
        .starts_with("topics is 1001")
    );
    assert!(
        refused(Parameters {
            iterations: 0,
            ..base()
        })
        .starts_with("iterations is 0")
    );
    assert!(
        refused(Parameters {
            threads: 0,
            ..base()
        })
        .starts_with("threads is 0")
    );
    assert!(
        refused(Parameters {
            alpha: 1.0,
            ..base()
        })
        .starts_with("alpha is 1; accepted is a number above 1")
    );
    assert!(
        refused(Parameters {
            beta: f64::NAN,
            ..base()
        })
        .starts_with("beta is NaN")
    );
    assert!(
        refused(Parameters {
            beta: f64::INFINITY,
            ..base()
        })
        .starts_with("beta is inf")
    );
}
