#!/usr/bin/env bash
# quick.sh (npm run test:quick): format, lint, types, and the unit tests of what changed since the last commit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

# A test that reads a file and does not import it is found by no import; these read the tree, and are quick.
READERS=(architecture chart manifests rights network docs mutants)

began=$(now)
bash scripts/setup.sh
npm run --silent build >/dev/null
said=$(mktemp)
trap 'rm -f "$said"' EXIT
npm run --silent check >"$said" 2>&1 &
bash scripts/with-node.sh vitest run --project unit --changed HEAD --reporter=dot "$@"
bash scripts/with-node.sh vitest run --project unit --reporter=dot "${READERS[@]/%/.test.ts}"
wait $! || { cat "$said"; exit 1; }
echo "all in $(seconds_since "$began"); npm test runs the rest"
