#!/usr/bin/env bash
# Installs what the tests need (pinned versions) and runs them all: formatting, lints, documentation, unit and SQL-logic
# tests, real clients, and the commands of README.md and docs/, on one build of the whole workspace. Ends with a table
# of what each step took.
#
# Needs cargo (Rust 1.94 or newer) with clippy and rustfmt, a C compiler for SQLite and zstd, and python3 (3.11 or newer) with venv. The
# tests of PUBLISH need Mosquitto: it is installed where apt can do so, else they are skipped.
#
# The budget, from a cold target folder on two cores: 30 minutes, of which at most 12 are not compiling. Beyond that the
# server may add 5, captures 4, pages 6, the language 4 and detection 1. What does not fit belongs in tests/more.sh,
# which runs on demand. The optimised program is for tests/release.sh, before a release.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/steps.sh

# A cold build writes no state for a next one that compiles in parts.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
# One compilation lints, documents and builds: the programs that the tests, the clients and the docs run.
export RUSTC_WORKSPACE_WRAPPER="$PWD/tests/rustc.sh"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export SPOTQL_BIN="$target/debug/spotql"

step "formatting" cargo fmt --all --check
step "English" python3 tests/english.py
step "dependencies" python3 tests/dependencies.py
beside "what clients need" tests/clients/install.sh
step "build, lints, documentation" cargo test --locked --workspace --no-run
await "what clients need"
# Most clients wait for servers: several at a time, beside the Rust tests.
beside "clients" timeout --foreground 40m tests/.venv/bin/python -m pytest -q -n 3 tests/clients
step "unit, SQL-logic and integration tests" cargo test --locked --workspace
await "clients"
step "the commands of README and docs" tests/.venv/bin/python tests/docs.py
