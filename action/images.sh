#!/usr/bin/env bash
# images.sh: the seven images of the Jobs. A release names them by digest, and the cluster pulls those; a checkout of
# anything else builds its own
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

released() {
  local images
  images=$(grep -hE 'image: *ghcr\.io/sigstand/' manifests/*.yaml)
  ! grep -qvE '@sha256:[0-9a-f]{64}$' <<<"$images"
}

if released; then
  echo 'the manifests name the images by digest: the cluster pulls them'
elif [ "$(cluster)" = rig ]; then
  echo 'the images are on the rig'
else
  bash scripts/setup.sh
  bash scripts/images.sh
fi
