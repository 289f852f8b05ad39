#!/usr/bin/env bash
# Tests that tests/run.sh leaves out for their time: those marked `ignore` whose names begin with `more_`. They run on
# demand, by whoever changes what they test.
set -euo pipefail
cd "$(dirname "$0")/.."
source tests/steps.sh

export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
export RUSTC_WORKSPACE_WRAPPER="$PWD/tests/rustc.sh"

step "more tests" cargo test --locked --workspace more_ -- --ignored --nocapture
