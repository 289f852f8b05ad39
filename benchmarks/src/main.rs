//! Figures. `detection` measures the whole road (Parquet on disk to `flow_scores` written) against
//! a floor query in the same run; `lda` measures the training kernel alone; `perplexity` how well the
//! optimizers predict.
//!
//! `README.md` beside this says how to build and run it.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod detection;
mod lda;
mod memory;
mod perplexity;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
enum Benchmark {
    /// Detection on synthetic flows, against a floor query
    Detection(detection::Detection),
    /// (document, word) pairs a second of the training kernel
    Lda(lda::Options),
    /// Held-out perplexity of the optimizers, and their time
    Perplexity(perplexity::Options),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Benchmark::parse() {
        Benchmark::Detection(detection) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(detection.run()),
        Benchmark::Perplexity(options) => Ok(perplexity::run(&options, &mut std::io::stdout())?),
        Benchmark::Lda(options) => Ok(lda::run(&options, &mut std::io::stdout())?),
    }
}
