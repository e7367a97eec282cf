#!/usr/bin/env bash
# setup.sh: the npm packages of package-lock.json, where they are not there yet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
stamp=node_modules/.sigstand-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci
  cp package-lock.json "$stamp"
fi
