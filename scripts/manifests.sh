#!/usr/bin/env bash
# manifests.sh (npm run manifests): writes manifests/*.yaml and the table in chart/README.md from the chart
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
test/rig/rig build helm
bash scripts/with-node.sh node scripts/chart/main.ts "$(test/rig/rig bin helm)"
