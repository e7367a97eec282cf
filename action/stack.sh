#!/usr/bin/env bash
# stack.sh: the stack, as npm start brings it up; with who else may sign in Fulcio's configuration
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/cluster.sh
source "$ROOT/scripts/cluster.sh"
cd "$ROOT"

if [ -n "${INPUTS_ISSUERS:-}" ]; then
  rm -rf "$OUT/with-issuers"
  cp -r manifests "$OUT/with-issuers"
  bash action/issuers.sh "$INPUTS_ISSUERS" <manifests/30-fulcio.yaml >"$OUT/with-issuers/30-fulcio.yaml"
  export SIGSTAND_MANIFESTS=$OUT/with-issuers
fi
# The tree of a release has the CLI.
released || build_cli
bash scripts/stack.sh servers
