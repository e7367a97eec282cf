#!/usr/bin/env bash
# sign-images.sh VERSION METADATA: signs what was pushed, by digest, each platform's image and what describes it as well
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bash scripts/with-node.sh node scripts/release/main.ts images "$1" "$2" | jq -r '.[] | "\(.name)@\(.digest)"' |
  while read -r image; do cosign sign --yes --recursive "$image"; done
