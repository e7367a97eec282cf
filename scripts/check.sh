#!/usr/bin/env bash
# check.sh (npm run check): format, lint, types, shell and workflows; every check runs, and one failure fails it all
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
failed=0
biome check . || failed=1
tsc -p . || failed=1
if command -v shellcheck >/dev/null; then
  shellcheck -x --source-path=SCRIPTDIR scripts/*.sh action/*.sh scripts/{ci,release,export/clients}/*.sh test/rig/rig \
    test/rig/kube-router/path/* test/bench/peer/*.sh test/arm64/*.sh test/kind/machine \
    test/kind/files/{kind,runc} || failed=1
fi
bash scripts/lint.sh || failed=1
exit $failed
