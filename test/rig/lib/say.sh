# shellcheck shell=bash
# What a person reads while the rig works: one line per step, with its time.

die() { echo "rig: $*" >&2; exit 1; }

now() { echo "${EPOCHREALTIME/[.,]/}"; }

# step TITLE COMMAND...: runs COMMAND with its output in STEP_LOG. On failure exits with the pin of the file PINS that is
# gone, or else shows the log's end.
step() {
  local title=$1 started pin; shift
  started=$(now)
  printf '%-52s' "$title ..."
  # Run in a subshell of its own, so that errexit holds inside although the outcome is examined here.
  set +o errexit
  (set -o errexit -o errtrace; trap 'echo "at $BASH_SOURCE:$LINENO: $BASH_COMMAND"' ERR; "$@") >"$STEP_LOG" 2>&1
  local status=$?
  set -o errexit
  if [ $status -ne 0 ]; then
    printf 'failed\n'
    if [ -n "${PINS:-}" ] && pin=$(gone_pin <"$STEP_LOG"); then die "$PINS names $pin; the whole log: $STEP_LOG"; fi
    tail -n 40 "$STEP_LOG" >&2
    die "$title failed; the whole log: $STEP_LOG"
  fi
  printf '%6s s\n' "$(seconds_since "$started")"
}

# quietly COMMAND...: its output only if it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || { echo "$output" >&2; return 1; }
}

note() { printf '%-52s%s\n' "$1" "${2:-}"; }

seconds_since() {
  local tenths=$((($(now) - $1) / 100000))
  echo "$((tenths / 10)).$((tenths % 10))"
}
