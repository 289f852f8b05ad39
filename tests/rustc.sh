#!/usr/bin/env bash
# Compiles a crate of the workspace, with clippy's lints, and its documentation, where any warning is an error.
#
# tests/run.sh names this as RUSTC_WORKSPACE_WRAPPER, so that cargo calls it in place of rustc. `cargo clippy` and
# `cargo doc` would each want the metadata of all dependencies, made by a pass of its own: a third of the time of a
# cold run. clippy-driver is rustc with more lints; rustdoc takes rustc's arguments but for those below.
set -euo pipefail

clippy-driver "$@" -D warnings

shift # rustc's path
case " $* " in
  *" --test "* | *" -vV "* | *" --print"*) exit ;;
  *" --crate-name build_script_"* | *" --crate-name ___ "*) exit ;;
esac

arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --emit=* | -Cincremental=*) ;;
    --out-dir) shift; folder=$1 ;;
    -C)
      case $2 in metadata=* | extra-filename=* | incremental=*) ;; *) arguments+=("$1" "$2") ;; esac
      shift
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
rustdoc "${arguments[@]}" -D warnings --document-private-items --out-dir "$folder/../../doc"
