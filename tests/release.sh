#!/usr/bin/env bash
# Before a release: builds the optimised program, and runs the clients and the commands of README.md and docs/ on it.
# Ends with what each step took, and the program's size.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/steps.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export SPOTQL_BIN="$target/release/spotql"

beside "what clients need" tests/clients/install.sh
step "release build" cargo build --locked --release
await "what clients need"
step "clients" tests/.venv/bin/python -m pytest -q -n 4 tests/clients
step "the commands of README and docs" tests/.venv/bin/python tests/docs.py
ls -l "$SPOTQL_BIN"
