#!/usr/bin/env bash
# notes.sh VERSION: what CHANGELOG.md says of the version
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
awk -v heading="## ${1:?usage: notes.sh VERSION}" '
  /^## /{ on = $0 == heading || index($0, heading " ") == 1; next }
  on && (text || NF){ print; text = 1 }' CHANGELOG.md
