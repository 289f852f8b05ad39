//! What only this module can see: instructions, and the parts of the memory bound.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use super::{Iteration, Parameters, Precision, bytes, memory_bytes, train_with};
use crate::compute::lanes::{Instructions, Real};
use crate::tests::{bits, uneven};

#[test]
fn any_processor_gives_the_same_bits() {
    let corpus = uneven(3000, 2000, 40_000, 1);
    for (topics, precision) in [
        (3, Precision::Single),
        (20, Precision::Single),
        (20, Precision::Double),
        (90, Precision::Double),
    ] {
        let parameters = Parameters {
            topics,
            iterations: 3,
            precision,
            ..Parameters::default()
        };
        let run = |instructions| {
            let observer = &mut |_: &Iteration| ControlFlow::Continue(());
            let cancel = AtomicBool::new(false);
            train_with(&corpus, &parameters, None, observer, &cancel, instructions).unwrap()
        };
        let best = run(Instructions::detect());
        assert!(
            bits(&best) == bits(&run(Instructions::Baseline)),
            "{topics} {precision:?}"
        );
    }
}

/// What a training holds at its two peaks, counted from what it allocates.
fn held<T: Real>(documents: usize, words: usize, topics: usize, threads: usize) -> usize {
    let row = topics.div_ceil(T::LANES) * T::LANES * size_of::<T>();
    let iterating = (documents + words + documents.min(words)) * row;
    let ending = (documents + words) * (row + 8 * topics);
    let scratch = threads * (2 * row + 2 * crate::compute::kernel::SEGMENT * size_of::<T>());
    iterating.max(ending) + 8 * documents + scratch
}

#[test]
fn the_memory_bound_holds_what_a_training_allocates_and_little_more() {
    for (documents, words, pairs, topics) in [
        (1, 1, 1, 1),
        (200_000, 60_000, 4_000_000, 20),
        (1000, 2_000_000, 3_000_000, 50),
    ] {
        for threads in [1, 8] {
            let single = bytes::<f32>(documents, words, pairs, topics, threads);
            let double = bytes::<f64>(documents, words, pairs, topics, threads);
            for (bound, held) in [
                (single, held::<f32>(documents, words, topics, threads)),
                (double, held::<f64>(documents, words, topics, threads)),
            ] {
                assert!(
                    held <= bound && bound <= held + held / 5 + (4 << 20),
                    "{held} {bound}"
                );
            }
        }
    }
    assert_eq!(
        memory_bytes(usize::MAX, 1, 1, 20, Precision::Double, 1),
        usize::MAX
    );
}
