#!/usr/bin/env bash
# Installs what the tests need (pinned versions) and runs them all: formatting, lints, unit and
# SQL-logic tests, the README's commands, and real clients.
#
# Needs cargo (Rust 1.94 or newer), a C compiler for SQLite and zstd, and python3 with venv. The tests of PUBLISH need
# Mosquitto: it is installed where apt can do so, else they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step "formatting"
cargo fmt --all --check

step "lints"
cargo clippy --locked --workspace --all-targets -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items --quiet

step "unit, SQL-logic and integration tests"
cargo test --locked --workspace

step "release build"
cargo build --locked --release

step "clients"
venv=tests/.venv
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --requirement tests/clients/requirements.txt
if ! command -v mosquitto_sub > /dev/null && command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
  { apt-get install -qq -y mosquitto mosquitto-clients || { apt-get update -qq && apt-get install -qq -y mosquitto mosquitto-clients; }; } > /dev/null 2>&1 \
    || echo "Mosquitto cannot be installed: the tests of PUBLISH are skipped"
fi
# Most of them wait for servers: several at a time.
SPOTQL_BIN=target/release/spotql "$venv/bin/python" -m pytest -q -n 4 tests/clients

step "the README's commands"
"$venv/bin/python" tests/readme.py

step "all tests passed"
