#!/usr/bin/env bash
# setup.sh: the parts, in their order, each with its time; on failure the reason and the logs
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$OUT"
: >"$OUT/times"
: >"$OUT/log"
began=$(now)

# Its output goes to the job's log as it comes, and is kept for the reason.
part() {
  local name=$1 started status=0
  started=$(now)
  echo "::group::Sigstand: $name"
  bash "$ACTION/$name.sh" 2>&1 | tee "$OUT/part.log" || status=$?
  echo '::endgroup::'
  # What masks a token holds it, and what is kept may go into an artifact.
  sed -i.bak '/^::add-mask::/d' "$OUT/part.log" && rm "$OUT/part.log.bak"
  echo "$name $(seconds_since "$started")" | tee -a "$OUT/times"
  [ "$status" -eq 0 ] || { bash "$ACTION/failed.sh" "$name"; exit "$status"; }
}

for name in inputs cluster images stack proof reach ksvc publish; do part "$name"; done

{
  printf '\n| part | time |\n| --- | --- |\n'
  sed -E 's/^([^ ]+) (.*)/| \1 | \2 |/' "$OUT/times"
  echo "| in all | $(seconds_since "$began") |"
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
echo "Sigstand is up: $(seconds_since "$began")"
