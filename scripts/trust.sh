#!/usr/bin/env bash
# trust.sh: what clients need to trust the stack, into .sigstand/trust; .sigstand/env speaks to its cluster as well
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

# A stack that was made anew has another root, and whoever made it knows.
bash scripts/export.sh --to "$OUT/trust" --issuer "$(issuer)" --replace-root
cp "$OUT/trust/1.root.json" "$OUT/root.json"

cat >"$OUT/env" <<TEXT
# source .sigstand/env
export KUBECONFIG='$OUT/kubeconfig'
source '$OUT/trust/env'
export FULCIO_GRPC_URL=http://fulcio.fulcio-system.svc:5554
TEXT
