#!/usr/bin/env bash
# failed.sh PART: why a part failed, for the log, the page and an artifact: a folder with all that the cluster says
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

logs=$OUT/logs

# A Pod that could not be made, an image that is not there: no log has that.
warnings() {
  k get events -A --field-selector type=Warning --sort-by=.lastTimestamp \
    -o 'custom-columns=OF:.involvedObject.namespace,OBJECT:.involvedObject.name,WARNING:.message' | { sed -n 1p; tail -n 10; }
}

# What each Job says last: it names what it waits for.
tell_why() {
  local namespace
  echo
  k get pods -A -l "$OURS"
  for namespace in "${NAMESPACES[@]}"; do
    k get jobs -n "$namespace" -o name | while read -r job; do
      echo "--- $namespace $job"
      k logs -n "$namespace" "$job" --tail=5 2>&1
    done
  done
}

rm -rf "$logs"
mkdir -p "$logs"
cp "$OUT/log" "$logs/steps.log" 2>/dev/null
cp "$OUT/part.log" "$logs/$1.log" 2>/dev/null
echo "logs=$logs" >>"${GITHUB_OUTPUT:-/dev/null}"

# Nothing here reads a Secret: what is in the folder may go into an artifact that everybody reads.
if [ -e "$OUT/cluster" ] && k version >/dev/null 2>&1; then
  { warnings; tell_why; k logs -n default -l 'app.kubernetes.io/name in (gettoken, sign-job, verify-job)' --all-containers --prefix --tail=20; } \
    >"$logs/why.txt" 2>&1
  k get pods,jobs,deployments,statefulsets,services,persistentvolumeclaims -A -o wide >"$logs/objects.txt" 2>&1
  k get events -A --sort-by=.lastTimestamp >"$logs/events.txt" 2>&1
  for namespace in "${NAMESPACES[@]}" default; do
    k describe pods -n "$namespace" >"$logs/$namespace.describe.txt" 2>&1
    k get pods -n "$namespace" -o name | while read -r pod; do
      k logs -n "$namespace" "$pod" --all-containers --prefix >"$logs/$namespace.${pod#pod/}.log" 2>&1
    done
  done
fi
[ ! -e "$OUT/kind" ] || KIND_EXPERIMENTAL_PROVIDER=docker kind export logs --name "$(cat "$OUT/kind")" "$logs/kind" >/dev/null 2>&1

reason=$(tail -n 3 "$OUT/part.log" 2>/dev/null)
{
  echo "### Sigstand did not come up: $1"
  echo
  echo '```'
  tail -n 20 "$OUT/part.log" 2>/dev/null
  [ ! -e "$logs/why.txt" ] || { echo; cat "$logs/why.txt"; }
  echo '```'
  echo "The logs are in \`$logs\`."
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
[ ! -e "$logs/why.txt" ] || { echo "::group::Why: what each Job says last"; cat "$logs/why.txt"; echo '::endgroup::'; }
# A part that refuses has said so in its own words.
grep -q '^::error' "$OUT/part.log" 2>/dev/null || (refuse "$1 failed: ${reason:-it said nothing}")
echo "the logs are in $logs"
