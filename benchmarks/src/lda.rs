//! The LDA kernel alone: (document, word) pairs per second and iteration.
//!
//! The corpus is the hard case for caches: documents and words are drawn from Zipf
//! distributions (exponent 0.9) and numbered at random, so that a pair's two rows are anywhere
//! in memory. Real logs are kinder: neighbouring addresses talk to the same servers. What is
//! measured is the time from one iteration's report to the next, so that building the corpus
//! and drawing the start are left out; they are told separately.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use spotql_topic::em::{self, Parameters, Precision};
use spotql_topic::{Corpus, Error};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Documents.
    #[arg(long, default_value_t = 200_000)]
    documents: usize,
    /// Distinct words.
    #[arg(long, default_value_t = 60_000)]
    words: usize,
    /// Distinct (document, word) pairs, about.
    #[arg(long, default_value_t = 4_000_000)]
    pairs: usize,
    /// Numbers of topics.
    #[arg(long, value_delimiter = ',', default_value = "20,50")]
    topics: Vec<usize>,
    /// Numbers of threads.
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Iterations.
    #[arg(long, default_value_t = 12)]
    iterations: usize,
}

/// Measures, and writes a table.
///
/// # Errors
/// Sizes that make no corpus; a writer that fails.
pub(crate) fn run(options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let began = Instant::now();
    let pairs = pairs(options);
    let drawn = began.elapsed().as_secs_f64();
    let corpus =
        Corpus::from_pairs(options.documents, options.words, pairs).map_err(io::Error::other)?;
    writeln!(
        out,
        "{} documents, {} words, {} pairs, {} tokens; drawn in {drawn:.1} s, built in {:.2} s\n",
        corpus.documents(),
        corpus.words(),
        corpus.pairs(),
        corpus.tokens(),
        began.elapsed().as_secs_f64() - drawn
    )?;
    writeln!(
        out,
        "| topics | bits | threads | start, s | median, M pairs/s | best |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for &topics in &options.topics {
        for (precision, bits) in [(Precision::Single, 32), (Precision::Double, 64)] {
            for &threads in &options.threads {
                let iterations = options.iterations;
                let parameters = Parameters {
                    topics,
                    iterations,
                    precision,
                    threads,
                    ..Parameters::default()
                };
                let times = times(&corpus, &parameters).map_err(io::Error::other)?;
                let rate = |seconds: f64| corpus.pairs() as f64 / seconds / 1e6;
                writeln!(
                    out,
                    "| {topics} | {bits} | {threads} | {:.2} | {:.1} | {:.1} |",
                    times.start,
                    rate(times.median),
                    rate(times.best)
                )?;
            }
        }
    }
    Ok(())
}

/// Seconds.
struct Times {
    /// Until the first iteration begins, about.
    start: f64,
    median: f64,
    best: f64,
}

fn times(corpus: &Corpus, parameters: &Parameters) -> Result<Times, Error> {
    let go_on = &mut |_: &em::Iteration| ControlFlow::Continue(());
    let fitted = em::train(corpus, parameters, go_on, &AtomicBool::new(false))?;
    // The last report comes from an evaluation, not from an iteration.
    let reports = &fitted.iterations[..parameters.iterations];
    let mut steps: Vec<f64> = reports
        .windows(2)
        .map(|pair| pair[1].seconds - pair[0].seconds)
        .collect();
    steps.sort_by(f64::total_cmp);
    let (best, median) = match (steps.first(), steps.get(steps.len() / 2)) {
        (Some(best), Some(median)) => (*best, *median),
        _ => (f64::NAN, f64::NAN),
    };
    Ok(Times {
        start: reports[0].seconds - median,
        median,
        best,
    })
}

/// Distinct pairs with small counts, in no order.
fn pairs(options: &Options) -> Vec<(u32, u32, u64)> {
    let mut numbers = Numbers(1);
    let documents = Zipf::new(options.documents, &mut numbers);
    let words = Zipf::new(options.words, &mut numbers);
    let mut drawn: Vec<(u32, u32)> = Vec::with_capacity(options.pairs * 2);
    // The hottest pairs are drawn again and again; give up when the matrix is nearly full.
    for _ in 0..8 {
        drawn.extend(
            (0..options.pairs).map(|_| (documents.draw(&mut numbers), words.draw(&mut numbers))),
        );
        drawn.sort_unstable();
        drawn.dedup();
        if drawn.len() >= options.pairs {
            break;
        }
    }
    for place in (1..drawn.len()).rev() {
        drawn.swap(place, numbers.below(place + 1));
    }
    drawn.truncate(options.pairs);
    drawn
        .into_iter()
        .map(|(document, word)| (document, word, 1 + (10.0 * numbers.unit().powi(3)) as u64))
        .collect()
}

/// A Zipf distribution over numbers in random order.
struct Zipf {
    cumulative: Vec<f64>,
    numbers: Vec<u32>,
}

impl Zipf {
    fn new(size: usize, random: &mut Numbers) -> Self {
        let mut sum = 0.0;
        let cumulative = (1..=size)
            .map(|rank| {
                sum += (rank as f64).powf(-0.9);
                sum
            })
            .collect();
        let mut numbers: Vec<u32> = (0..).take(size).collect();
        for place in (1..size).rev() {
            numbers.swap(place, random.below(place + 1));
        }
        Self {
            cumulative,
            numbers,
        }
    }

    fn draw(&self, random: &mut Numbers) -> u32 {
        let height = random.unit() * self.cumulative.last().copied().unwrap_or(0.0);
        let rank = self.cumulative.partition_point(|sum| *sum <= height);
        self.numbers[rank.min(self.numbers.len() - 1)]
    }
}

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
