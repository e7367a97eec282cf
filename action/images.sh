#!/usr/bin/env bash
# images.sh: the seven images of the Jobs. A release names them by digest, and the cluster pulls those; a checkout of
# anything else builds its own
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/cluster.sh
source "$ROOT/scripts/cluster.sh"
cd "$ROOT"

if released; then
  echo 'the manifests name the images by digest: the cluster pulls them'
elif [ "$(cluster)" = kind ]; then
  bash scripts/setup.sh
  bash scripts/images.sh
else
  echo 'the cluster pulls the images by tag: this is no release'
fi
