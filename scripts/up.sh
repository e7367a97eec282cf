#!/usr/bin/env bash
# npm start [-- --cluster current|kind|rig]: a private Sigstore from nothing, and a signature that proves it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/cluster.sh

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

claim_out
: >"$OUT/log"
began=$(now)
choose_cluster "$choice"
echo "Sigstand on $(describe_cluster)"
step 'npm packages' scripts/setup.sh
step 'bundles of the seven Jobs' bash scripts/with-node.sh node scripts/build.ts
start_cluster
step 'images' bash scripts/images.sh

bash scripts/stack.sh
echo "in all: $(seconds_since "$began")"
bash scripts/usage.sh
