#!/usr/bin/env bash
# npm start [-- --cluster current|kind|rig]: a private Sigstore from nothing, and a signature that proves it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/cluster.sh
source scripts/gates.sh

choice=
while [ $# -gt 0 ]; do
  case $1 in
    --cluster=*) choice=${1#*=} ;;
    --cluster) choice=${2:?'--cluster wants current, kind or rig'}; shift ;;
    --help) sed -n '2s/^# //p' "$0"; exit 0 ;;
    *) echo "sigstand: unknown argument $1 (npm start -- --cluster current|kind|rig)" >&2; exit 64 ;;
  esac
  shift
done

mkdir -p "$OUT"
: >"$OUT/log"
began=$(now)
choose_cluster "$choice"
echo "Sigstand on $(describe_cluster)"
step 'npm packages' scripts/setup.sh
step 'bundles of the seven Jobs' bash scripts/with-node.sh node scripts/build.ts
start_cluster
step 'images' bash scripts/images.sh

applied=$(now)
: >"$OUT/applied"
render_manifests
# The database is the longest way: it starts before all else.
step 'namespaces, database credentials' start_credentials
step 'MariaDB and Trillian applied' apply_stage 2 '1*.yaml'
step 'every other Job, Service and Role applied' apply_stage 1 '[2-9]*.yaml'
step 'keys and certificates' gate_keys
step 'Fulcio, timestamp authority applied' apply_stage 2 '[2-9]*.yaml'
step 'database, trees, TUF repository' gate_late_inputs
step 'Rekor, CT log, TUF web server applied' apply_stage 3
step 'every Job complete, every server available' gate_stack
step 'trust: root.json, URLs' bash scripts/trust.sh
step 'a blob signed, logged, timestamped and verified' bash scripts/sign-and-verify.sh

echo
echo "apply to verified: $(seconds_since "$applied"), in all: $(seconds_since "$began")"
if ! grep -qv ' unchanged$' "$OUT/applied"; then echo 'The stack was running: nothing was changed.'; fi
bash scripts/usage.sh
