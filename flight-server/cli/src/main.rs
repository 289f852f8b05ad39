//! The `spotql` program: a command is a file in `commands/`.
//!
//! It moves statements in and rows out, and lends the engine its ways to the network (HTTP, MQTT).

mod commands;
mod network;
mod output;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::{backup::Backup, demo::Demo, run::Run, serve::Serve, sql::Sql};

// Queries allocate and free large buffers from many threads, which mimalloc is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Finds the few hundred most suspicious events in a day of network logs, with SQL.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a synthetic day of logs, and find the attacks planted in it
    Demo(Demo),
    /// Run SQL scripts
    Run(Run),
    /// Run SQL statements from the command line
    Sql(Sql),
    /// Serve the warehouse over Arrow Flight SQL
    Serve(Serve),
    /// Copy the warehouse, also while it is served
    Backup(Backup),
}

/// Bytes of a thread's stack, taken page by page: queries within queries are planned by recursion, as deeply as the parser
/// lets them be.
const STACK: usize = 32 << 20;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn,spotql=info"))
        .init();
    let program = Program::parse();
    // The first thread's stack is the system's: statements are planned on one of ours.
    let main = std::thread::Builder::new().stack_size(STACK);
    match main.spawn(move || execute(program)) {
        Ok(main) => match main.join() {
            Ok(code) => code,
            Err(panic) => std::panic::resume_unwind(panic),
        },
        Err(error) => fail(&format!("no threads can be started: {error}"), 1),
    }
}

fn execute(program: Program) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no threads can be started: {error}"), 1),
    };
    let result = runtime.block_on(async {
        match program.command {
            Command::Demo(demo) => demo.execute().await,
            Command::Run(run) => run.execute().await,
            Command::Sql(sql) => sql.execute().await,
            Command::Serve(serve) => serve.execute().await,
            Command::Backup(backup) => backup.execute().await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `spotql sql … | head` is no failure.
        Err(commands::Error::Output(error)) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), error.status()),
    }
}

fn fail(message: &str, status: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "spotql: {message}");
    ExitCode::from(status)
}
