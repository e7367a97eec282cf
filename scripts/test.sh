#!/usr/bin/env bash
# npm test: sets up what is missing, then runs every check and every test; leaves nothing running
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
mkdir -p "$OUT"

began=$(now)
bash scripts/setup.sh
need_packages shellcheck:shellcheck pip3:python3-pip buildah:buildah faketime:faketime /usr/bin/time:time >/dev/null
npm run --silent check
npm run --silent build
# An instance of its own, so that a stack that npm start made goes on.
export RIG=test
test/rig/rig build
# buildx, which says what it would build without an engine.
test/kind/machine build docker
if [ -n "${FOREIGN:-}" ]; then need_packages minisign:minisign; fi
if [ -n "${CHART:-}" ]; then
  need_packages gcc:gcc >/dev/null
  test/rig/rig build helm3 traefik flux cert-manager dex keycloak sigstore-java mysql
  need_packages haproxy:haproxy pgbouncer:pgbouncer chromium:chromium chromedriver:chromium-driver certutil:libnss3-tools script:bsdutils
  npm ci --silent --ignore-scripts --prefix test/chart/openid
fi
if [ "${ADMISSION:-}" = long ]; then test/rig/rig build kyverno; fi
trap 'test/rig/rig down >/dev/null' EXIT
bash scripts/with-node.sh vitest run "$@"
echo "all in $(seconds_since "$began")"
