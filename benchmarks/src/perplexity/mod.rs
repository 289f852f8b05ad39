//! How well the optimisers predict what they have not seen, for the time they take.
//!
//! Every corpus is split by tokens (`topic::heldout`); each method is trained on the observed
//! half with several numbers of iterations and judged by the other half. What is printed are
//! the seconds of the training alone, and means over seeds.
//!
//! `spotql-benchmarks perplexity --corpus counts.tsv` reads lines of `document`, `word` and
//! `count` with tabs between them (a first line that has no number is a header); without
//! `--corpus` the corpora are drawn from known topics.

mod drawn;

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use spotql_topic::heldout::{self, Prediction, Smoothing, Split};
use spotql_topic::{Corpus, Error, Fitted, cvb0, em, online};

use drawn::Drawn;

/// What to compare.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Files of `document<TAB>word<TAB>count` lines; none: corpora drawn from known topics
    #[arg(long)]
    corpus: Vec<PathBuf>,
    /// Numbers of topics.
    #[arg(long, value_delimiter = ',', default_value = "20")]
    topics: Vec<usize>,
    /// Numbers of iterations.
    #[arg(long, value_delimiter = ',', default_value = "5,10,20,50,100")]
    iterations: Vec<usize>,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Seeds: figures are means over so many trainings.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// The share of the tokens that is observed.
    #[arg(long, default_value_t = 0.5)]
    observed: f64,
}

/// The corpora that are drawn if none is given.
const DRAWN: [Drawn; 3] = [
    Drawn {
        documents: 5000,
        words: 3000,
        topics: 15,
        tokens: 200_000,
        seed: 1,
    },
    Drawn {
        documents: 20_000,
        words: 10_000,
        topics: 20,
        tokens: 500_000,
        seed: 1,
    },
    Drawn {
        documents: 50_000,
        words: 60_000,
        topics: 30,
        tokens: 1_000_000,
        seed: 1,
    },
];

/// Compares, and writes a table for every corpus.
///
/// # Errors
/// Files that cannot be read or hold no corpus; sizes that make none; a writer that fails.
pub(crate) fn run(options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for path in &options.corpus {
        let corpus = read(path)?;
        compare(&path.display().to_string(), &corpus, options, out)?;
    }
    if options.corpus.is_empty() {
        for drawn in DRAWN {
            let corpus = Corpus::from_pairs(drawn.documents, drawn.words, drawn.tokens());
            let name = format!("drawn from {} topics", drawn.topics);
            compare(&name, &corpus.map_err(io::Error::other)?, options, out)?;
        }
    }
    Ok(())
}

/// Reads a corpus; documents and words are numbered in the order of their names.
fn read(path: &Path) -> io::Result<Corpus> {
    let invalid = |line: usize, problem: &str| {
        let place = format!("{}, line {line}: {problem}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, place)
    };
    let text = std::fs::read_to_string(path)?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut cells = line.split('\t');
        let (Some(document), Some(word), Some(count), None) =
            (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            return Err(invalid(number, "wanted are three cells with tabs between"));
        };
        match count.parse::<u64>() {
            Ok(count) => lines.push((document, word, count)),
            // A header.
            Err(_) if number == 1 => {}
            Err(_) => return Err(invalid(number, "the third cell is no whole number")),
        }
    }
    let documents = numbered(lines.iter().map(|line| line.0));
    let words = numbered(lines.iter().map(|line| line.1));
    let pairs = lines
        .iter()
        .map(|(document, word, count)| (documents[document], words[word], *count));
    Corpus::from_pairs(documents.len(), words.len(), pairs).map_err(io::Error::other)
}

fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u32> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().zip(0..).collect()
}

/// The methods, in the order of the table.
const METHODS: [(&str, Method); 5] = [
    ("em, defaults", |corpus, plan| em(corpus, plan, 1.02, 1.001)),
    // The pseudo-counts of cvb0's defaults.
    ("em, alpha 1.2, beta 1.01", |corpus, plan| {
        em(corpus, plan, 1.2, 1.01)
    }),
    ("cvb0, defaults", cvb0),
    ("online, defaults", |corpus, plan| {
        let fraction = online::Parameters::default().fraction;
        online(corpus, plan, fraction)
    }),
    ("online, full batches", |corpus, plan| {
        online(corpus, plan, 1.0)
    }),
];

/// Trains on a corpus.
type Method = fn(&Corpus, Plan) -> Result<(Fitted, Smoothing), Error>;

/// What the methods have in common.
#[derive(Debug, Clone, Copy)]
struct Plan {
    topics: usize,
    iterations: usize,
    seed: u64,
    threads: usize,
}

fn em(corpus: &Corpus, plan: Plan, alpha: f64, beta: f64) -> Result<(Fitted, Smoothing), Error> {
    let parameters = em::Parameters {
        topics: plan.topics,
        iterations: plan.iterations,
        alpha,
        beta,
        seed: plan.seed,
        threads: plan.threads,
        ..em::Parameters::default()
    };
    let fitted = em::train(corpus, &parameters, &mut go_on, &AtomicBool::new(false))?;
    Ok((fitted, parameters.smoothing()))
}

fn cvb0(corpus: &Corpus, plan: Plan) -> Result<(Fitted, Smoothing), Error> {
    let parameters = cvb0::Parameters {
        topics: plan.topics,
        iterations: plan.iterations,
        seed: plan.seed,
        threads: plan.threads,
        ..cvb0::Parameters::default()
    };
    let fitted = cvb0::train(corpus, &parameters, &mut go_on, &AtomicBool::new(false))?;
    Ok((fitted, parameters.smoothing()))
}

fn online(corpus: &Corpus, plan: Plan, fraction: f64) -> Result<(Fitted, Smoothing), Error> {
    let parameters = online::Parameters {
        topics: plan.topics,
        iterations: plan.iterations,
        fraction,
        seed: plan.seed,
        threads: plan.threads,
        ..online::Parameters::default()
    };
    let fitted = online::train(corpus, &parameters, &mut go_on, &AtomicBool::new(false))?;
    Ok((fitted, Smoothing::NONE))
}

fn go_on(_: &em::Iteration) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Writes the table of one corpus.
fn compare(name: &str, corpus: &Corpus, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let split = heldout::split(corpus, options.observed, 1).map_err(io::Error::other)?;
    writeln!(
        out,
        "\n{name}: {} documents, {} words, {} pairs, {} tokens, {} of them observed\n",
        corpus.documents(),
        corpus.words(),
        corpus.pairs(),
        corpus.tokens(),
        split.observed.tokens(),
    )?;
    writeln!(
        out,
        "| method | topics | iterations | seconds | held-out perplexity | of words seen |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for &topics in &options.topics {
        for (method, train) in METHODS {
            for &iterations in &options.iterations {
                let plan = Plan {
                    topics,
                    iterations,
                    seed: 0,
                    threads: options.threads,
                };
                let [seconds, all, seen] = means(&split, train, plan, options.seeds)?;
                writeln!(
                    out,
                    "| {method} | {topics} | {iterations} | {seconds:.3} | {all:.2} | {seen:.2} |"
                )?;
            }
        }
    }
    Ok(())
}

/// Seconds, perplexity of all held-out tokens, and of those whose words were seen.
fn means(split: &Split, train: Method, plan: Plan, seeds: u64) -> io::Result<[f64; 3]> {
    let mut sums = [0.0; 3];
    for seed in 1..=seeds {
        let began = Instant::now();
        let plan = Plan { seed, ..plan };
        let (fitted, smoothing) = train(&split.observed, plan).map_err(io::Error::other)?;
        let seconds = began.elapsed().as_secs_f64();
        let prediction: Prediction = heldout::predict(&fitted, smoothing, split);
        let figures = [
            seconds,
            prediction.perplexity(),
            prediction.perplexity_of_seen(),
        ];
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum += figure;
        }
    }
    Ok(sums.map(|sum| sum / seeds.max(1) as f64))
}
