//! Document completion.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use super::uneven;
use crate::heldout::{Smoothing, fold_in, predict, split};
use crate::{Corpus, Fitted, cvb0, em};

#[test]
fn every_token_is_in_one_of_the_parts() {
    let corpus = uneven(50, 60, 700, 1);
    let parts = split(&corpus, 0.3, 2).unwrap();
    assert_eq!(
        parts.observed.tokens() + parts.held_out.tokens(),
        corpus.tokens()
    );
    let share = parts.observed.tokens() as f64 / corpus.tokens() as f64;
    assert!((share - 0.3).abs() < 0.03, "{share}");
    assert_eq!(parts, split(&corpus, 0.3, 2).unwrap());
    assert_ne!(parts, split(&corpus, 0.3, 3).unwrap());
}

#[test]
fn large_counts_are_split_as_evenly_as_chance_does() {
    let corpus = Corpus::from_pairs(1, 2, [(0, 0, 4_000_000_000), (0, 1, 5000)]).unwrap();
    let parts = split(&corpus, 0.5, 1).unwrap();
    let distance = parts.observed.tokens() as f64 - 2_000_002_500.0;
    // Five standard deviations.
    assert!(distance.abs() < 5.0 * 1e9f64.sqrt(), "{distance}");
}

#[test]
fn a_share_that_leaves_nothing_is_refused() {
    let corpus = uneven(5, 5, 10, 1);
    for share in [0.0, 1.0, -1.0, f64::NAN] {
        let refused = split(&corpus, share, 1).unwrap_err().to_string();
        assert!(refused.starts_with("share is "), "{refused}");
    }
}

#[test]
fn a_model_without_knowledge_wavers_among_all_words() {
    let corpus = uneven(20, 30, 200, 3);
    let parts = split(&corpus, 0.5, 1).unwrap();
    let words = corpus.words();
    let fitted = Fitted {
        topics: 2,
        theta: vec![0.5; 2 * corpus.documents()],
        phi: vec![1.0 / words as f64; 2 * words],
        topic_tokens: vec![10.0; 2],
        iterations: Vec::new(),
    };
    for pseudo in [0.0, 0.1] {
        let smoothing = Smoothing {
            documents: pseudo,
            words: pseudo,
        };
        let prediction = predict(&fitted, smoothing, &parts);
        assert_eq!(prediction.tokens, parts.held_out.tokens());
        assert!((prediction.perplexity() / words as f64 - 1.0).abs() < 1e-12);
        assert!((prediction.perplexity_of_seen() / words as f64 - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_trained_model_predicts_better_than_one_topic() {
    let corpus = uneven(300, 200, 3000, 4);
    let parts = split(&corpus, 0.5, 1).unwrap();
    let cancel = AtomicBool::new(false);
    let smoothing = Smoothing {
        documents: 0.02,
        words: 0.001,
    };
    let observer = &mut |_: &em::Iteration| ControlFlow::Continue(());
    let one = em::Parameters {
        topics: 1,
        ..em::Parameters::default()
    };
    let one = em::train(&parts.observed, &one, observer, &cancel).unwrap();
    let one = predict(&one, smoothing, &parts);
    let parameters = cvb0::Parameters::default();
    let twenty = cvb0::train(&parts.observed, &parameters, observer, &cancel).unwrap();
    let smoothing = parameters.smoothing();
    let twenty = predict(&twenty, smoothing, &parts);
    assert!(twenty.perplexity() < one.perplexity(), "{twenty:?} {one:?}");
    assert_eq!(one.unseen_tokens, twenty.unseen_tokens);
}

#[test]
fn a_new_document_is_folded_in_where_its_words_belong() {
    // Two documents, two topics, nothing in common.
    let pairs = [(0, 0, 50), (0, 1, 50), (1, 2, 50), (1, 3, 50)];
    let corpus = Corpus::from_pairs(2, 4, pairs).unwrap();
    let parameters = cvb0::Parameters {
        topics: 2,
        ..cvb0::Parameters::default()
    };
    let observer = &mut |_: &em::Iteration| ControlFlow::Continue(());
    let fitted = cvb0::train(&corpus, &parameters, observer, &AtomicBool::new(false)).unwrap();
    let new = Corpus::from_pairs(3, 4, [(0, 3, 20), (2, 0, 10), (2, 2, 10)]).unwrap();
    let folded = fold_in(&fitted, parameters.smoothing(), 0.2, &new, 20);
    assert_eq!(folded.theta.len(), 6);
    let topic = usize::from(fitted.theta[2] < fitted.theta[3]);
    assert!(folded.document(0).unwrap()[topic] > 0.95, "{folded:?}");
    assert_eq!(folded.document(1).unwrap(), [0.5; 2]);
    assert!((folded.document(2).unwrap()[0] - 0.5).abs() < 0.01);
    let parts = split(&new, 0.5, 1).unwrap();
    let smoothing = Smoothing {
        documents: 0.0,
        ..parameters.smoothing()
    };
    let folded = fold_in(&fitted, parameters.smoothing(), 0.2, &parts.observed, 20);
    let perplexity = predict(&folded, smoothing, &parts).perplexity();
    assert!(perplexity > 2.0 && perplexity < 4.0, "{perplexity}");
}
