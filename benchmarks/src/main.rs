//! Figures. `detection` measures the whole road (Parquet on disk to `flow_scores` written) against
//! a floor query in the same run; `lda` measures the training kernel alone; `perplexity` how well the
//! optimizers predict; `quality` how well detection finds attacks; `context` what indicators and geolocation cost.
//!
//! `README.md` beside this says how to build and run it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its figures, and how far it is"
)]

mod context;
mod detection;
mod kind;
mod lda;
mod memory;
mod perplexity;
mod quality;
mod statements;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
enum Benchmark {
    /// Detection on synthetic flows, against a floor query
    Detection(detection::Detection),
    /// Loading and matching of indicators, and what the functions of context cost
    Context(context::Options),
    /// (document, word) pairs a second of the training kernel
    Lda(lda::Options),
    /// Held-out perplexity of the optimizers, and their time
    Perplexity(perplexity::Options),
    /// How many attacks stand at the top of the list, on labelled traffic
    Quality(quality::Options),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Benchmark::parse() {
        Benchmark::Detection(detection) => runtime()?.block_on(detection.run()),
        Benchmark::Context(options) => runtime()?.block_on(context::run(&options)),
        Benchmark::Quality(options) => runtime()?.block_on(quality::run(&options)),
        Benchmark::Perplexity(options) => Ok(perplexity::run(&options, &mut std::io::stdout())?),
        Benchmark::Lda(options) => Ok(lda::run(&options, &mut std::io::stdout())?),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
