//! How a training is steered: cancelled, stopped, refused, planned for.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{METHODS, PLAN, Plan, go_on, train};
use crate::em::Iteration;
use crate::tests::{bits, uneven};
use crate::{Error, cvb0, online};

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
