#!/usr/bin/env bash
# npm run bench [-- FLAGS]: measures the stack, and a peer beside it, on a rig of its own; --help lists the flags
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

bash scripts/setup.sh >&2
run() { bash scripts/with-node.sh node test/bench/run.ts "$@"; }
case " $* " in *' --help '*) run --help; exit ;; esac

need_packages buildah:buildah jq:jq >/dev/null
npm run --silent build >&2
export RIG=${RIG:-bench}
test/rig/rig build packages pause kube dns kube-router sigstore cosign3 load images >&2
trap 'test/rig/rig down >&2' EXIT
run "$@"
