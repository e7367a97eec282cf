#!/usr/bin/env bash
# figures.sh [RUNS]: sizes, and what each Job costs on the stack that npm start brought up on the rig
#
# fresh: the Job makes its objects in a new directory, Trillian is the stack's. again: the Job finds its objects in
# the cluster and keeps them. Medians; CPU is user and system time together.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
runs=${1:-5}
need_packages /usr/bin/time:time
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
node=$(bash scripts/with-node.sh which node)

# measured JOB NAMESPACE ARGS...: "CPU-milliseconds peak-MiB" of one run
measured() {
  local job=$1 namespace=$2; shift 2
  test/rig/rig exec -- env NAMESPACE="$namespace" /usr/bin/time -o "$place/time" -f '%U %S %M' \
    "$node" "dist/$job.cjs" --timeout=20s "$@" >"$place/log" 2>&1 || { cat "$place/log" >&2; return 1; }
  awk '{printf "%d %.0f\n", ($1 + $2) * 1000, $3 / 1024}' "$place/time"
}

median() { sort -n | awk '{value[NR] = $1} END {print value[int((NR + 1) / 2)]}'; }

row() {
  local job=$1 namespace=$2 run; shift 2
  rm -f "$place/fresh" "$place/again"
  for run in $(seq "$runs"); do
    measured "$job" "$namespace" --store="dir:$place/store-$run" "$@" >>"$place/fresh"
    measured "$job" "$namespace" "$@" >>"$place/again"
  done
  printf '%-16s %8d %10d %8d %10d %8d\n' "$job" "$(($(wc -c <"dist/$job.cjs") / 1000))" \
    "$(cut -d' ' -f1 "$place/fresh" | median)" "$(cut -d' ' -f2 "$place/fresh" | median)" \
    "$(cut -d' ' -f1 "$place/again" | median)" "$(cut -d' ' -f2 "$place/again" | median)"
}

printf '%-16s %8s %10s %8s %10s %8s\n' Job 'kB' 'fresh ms' MiB 'again ms' MiB
row createsecret rekor-system
row createcerts fulcio-system
row createcertchain tsa-system
row createtree ctlog-system --configmap=ctlog-config --display-name=ctlogtree
row createctconfig ctlog-system
row copysecrets tuf-system
row createtuf tuf-system

echo
for job in dist/*.cjs; do
  job=$(basename "$job" .cjs)
  test/rig/rig exec -- "$(test/rig/rig bin crane)" manifest --insecure "10.200.0.1:5000/sigstand/$job:0.1.0"
  echo
done | jq -s '[.[].layers[]] | unique_by(.digest) | map(.size) | add / 1e6 * 10 | round / 10' |
  sed 's/$/ MB compressed in the seven images, shared layers once/'
git ls-files 'packages/*/src/*.ts' | grep -vE '\.(test|suite)\.ts$|testing\.ts$' | xargs cat | wc -l | sed 's/$/ lines of TypeScript in the packages/'
git ls-files 'packages/*.ts' 'test/*.ts' | grep -E '\.(test|suite)\.ts$|testing\.ts$|^test/' | xargs cat | wc -l | sed 's/$/ lines of tests/'
