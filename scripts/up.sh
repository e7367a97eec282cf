#!/usr/bin/env bash
# npm start [-- --cluster current|kind|rig [--registry PREFIX]]: a private Sigstore from nothing, and a signature that proves it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/preflight.sh
source scripts/cluster.sh
source scripts/others.sh

refuse() { echo "sigstand: $*" >&2; exit 64; }

# Without `--` npm keeps an option for itself, and what it was for would not be seen.
[ -z "${npm_config_cluster:-}" ] || refuse 'npm took --cluster for itself: npm start -- --cluster current|kind|rig'

choice='' REGISTRY_PREFIX=''
while [ $# -gt 0 ]; do
  case $1 in
    --cluster=* | --registry=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
    --cluster) [ -n "${2:-}" ] || refuse '--cluster wants current, kind or rig'; choice=$2; shift ;;
    --registry) [ -n "${2:-}" ] || refuse '--registry wants a PREFIX'; REGISTRY_PREFIX=$2; shift ;;
    --help) sed -n '2s/^# //p' "$0"; exit 0 ;;
    *) refuse "unknown argument $1 (npm start -- --cluster current|kind|rig, --registry PREFIX)" ;;
  esac
  shift
done
case $choice in
  '' | rig | kind | current) ;;
  *) refuse "--cluster is current, kind or rig, not '$choice'" ;;
esac
REGISTRY_PREFIX=${REGISTRY_PREFIX%/}
well_named "$REGISTRY_PREFIX" ||
  refuse "--registry wants a PREFIX such as registry.example.com/team, in small letters, not '$REGISTRY_PREFIX'"

claim_out
: >"$OUT/log"
began=$(now)
choose_cluster "$choice"
preflight "$(cluster)"
echo "Sigstand on $(describe_cluster)"
step 'npm packages' scripts/setup.sh
step 'bundles of the seven Jobs' bash scripts/with-node.sh node scripts/build.ts
start_cluster
step 'images' bash scripts/images.sh
render_manifests
bring_others

bash scripts/stack.sh
echo "in all: $(seconds_since "$began")"
bash scripts/usage.sh
