#!/usr/bin/env bash
# push.sh VERSION METADATA: builds all images for both platforms and pushes them; writes what bake says of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=${1:?usage: push.sh VERSION METADATA}
metadata=${2:?usage: push.sh VERSION METADATA}
buildkit=moby/buildkit:v0.33.0@sha256:6c2fa84a6b61ccd72899dde4239f8d5717f05f9a8ca6f3cad185fb1a95a94de3

# A step of the Dockerfile runs the image's own Node: for arm64, by the distribution's QEMU.
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || { sudo apt-get update && sudo apt-get install -y qemu-user-static; }
docker buildx inspect sigstand-release >/dev/null 2>&1 ||
  docker buildx create --name sigstand-release --driver docker-container --driver-opt "image=$buildkit" --bootstrap

TAG=$version REVISION=$(git rev-parse HEAD) SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
  docker buildx bake --builder sigstand-release --push --metadata-file "$metadata"
images=$(bash scripts/with-node.sh node scripts/release/main.ts images "$version" "$metadata")
jq . <<<"$images"
echo "images=$images" >>"${GITHUB_OUTPUT:-/dev/null}"
