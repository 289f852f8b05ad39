# Timed steps, for the scripts beside this one.
#
#   step NAME COMMAND…     runs a step
#   beside NAME COMMAND…   starts one that runs beside those that follow; its output is kept
#   await NAME             waits for it, and shows its output
#
# A step that fails ends the script. At the end, however it comes, a table says what each step took: seconds by the
# clock, and of all processors.

steps=$(mktemp -d)
declare -A started
TIMEFORMAT='%R %U %S'
# Each step that runs beside others is a group of processes, which can be ended as one.
set -m
exec 3>&1 4>&2

step() {
  local name=$1 status=0
  shift
  printf '\n== %s\n' "$name"
  { time "$@" >&3 2>&4; } 2> "$steps/time" || status=$?
  record "$name" "$status" "$steps/time"
}

beside() {
  local name=$1
  shift
  { time "$@" > "$steps/$name.output" 2>&1; } 2> "$steps/$name.time" &
  started[$name]=$!
}

await() {
  local status=0
  wait "${started[$1]}" || status=$?
  unset "started[$1]"
  printf '\n== %s\n' "$1"
  cat "$steps/$1.output"
  record "$1" "$status" "$steps/$1.time"
}

record() {
  awk -v name="$1" '{ printf "%-44s %8.1f %8.1f\n", name, $1, $2 + $3 }' "$3" >> "$steps/table"
  [ "$2" = 0 ] && return
  printf '%s: failed\n' "$1" >&2
  exit "$2"
}

finish() {
  local status=$? group
  for group in "${started[@]}"; do
    kill -- "-$group" 2> /dev/null || true
  done
  printf '\n%-44s %8s %8s\n' "step" "seconds" "CPU"
  cat "$steps/table"
  printf '%-44s %8.1f\n' "all" "$SECONDS"
  rm -r "$steps"
  exit "$status"
}
trap finish EXIT
