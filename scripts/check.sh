#!/usr/bin/env bash
# check.sh (npm run check): format, lint, types, shell and workflows; every check runs, and one failure fails it all
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
failed=0 shell=
# It takes the longest, and one processor for each file.
if command -v shellcheck >/dev/null; then
  printf '%s\n' scripts/*.sh action/*.sh scripts/{ci,release}/*.sh packages/sigstand/src/export/clients/*.sh test/rig/rig \
    test/rig/kube-router/path/* test/bench/peer/*.sh test/arm64/*.sh test/chart/*.sh test/kind/machine test/kind/files/{kind,runc} |
    xargs --max-procs=2 --max-args=12 shellcheck -x --source-path=SCRIPTDIR &
  shell=$!
fi
biome check . || failed=1
tsc -p . || failed=1
bash scripts/lint.sh || failed=1
[ -z "$shell" ] || wait "$shell" || failed=1
exit $failed
