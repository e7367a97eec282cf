#!/usr/bin/env bash
# images.sh: builds the seven images where they changed, and brings them to the cluster of npm start
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

jobs=$(grep -oE '"(create|copy)[a-z]+"' docker-bake.hcl | tr -d '"')
tag=0.1.0

with_docker() {
  build_bundles
  PLATFORMS=linux/$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/') docker buildx bake --load \
    --set '*.attest='
  for job in $jobs; do kind load docker-image --name "$KIND_NAME" "ghcr.io/sigstand/$job:$tag"; done
}

# The same Dockerfile without a Docker engine.
with_buildah() {
  local base job
  need_packages buildah:buildah jq:jq
  base=$(test/rig/rig base)
  build_bundles
  for job in $jobs; do
    [ -d "$(layout_of "$job")" ] || build "$job"
    test/rig/rig load "$(layout_of "$job")" "ghcr.io/sigstand/$job:$tag"
  done
}

# An image must not hold a bundle of other sources than these.
build_bundles() { bash scripts/with-node.sh node scripts/build.ts; }

# Where an image is kept: under a name made of all that goes into it.
layout_of() {
  local inputs
  inputs=$(cat scripts/Dockerfile scripts/image/* scripts/images.sh "$base/index.json" "dist/$1.cjs" | sha256sum)
  echo "${SIGSTAND_CACHE:-$HOME/.cache/sigstand}/images/job-$1-${inputs:0:16}"
}

build() {
  open_store
  in_store bud --quiet --isolation chroot --timestamp 0 --format oci --build-arg "JOB=$1" \
    --build-context base="container-image://oci:$work/base:base" -f scripts/Dockerfile -t "$1" .
  # zstd: smaller than gzip, and quicker to write and to unpack.
  in_store push --quiet --compression-format zstd --compression-level 3 "$1" "oci:$work/$1"
  mv "$work/$1" "$(layout_of "$1")"
}

work=
in_store() { buildah --root "$work/root" --runroot "$work/run" --storage-driver overlay "$@"; }

open_store() {
  [ -z "$work" ] || return 0
  # Not mktemp: buildah makes a name of the path, and wants it in small letters.
  work=${TMPDIR:-/tmp}/sigstand-images-$$
  mkdir -m 700 "$work"
  trap close_store EXIT
  # buildah finds an image in a layout by its name, and ours has none.
  cp -rl "$base" "$work/base" 2>/dev/null || cp -r "$base" "$work/base"
  jq '.manifests[0].annotations = {"org.opencontainers.image.ref.name": "base"}' \
    "$base/index.json" >"$work/index.json"
  mv -f "$work/index.json" "$work/base/index.json"
}

close_store() {
  # The overlay driver leaves its folder mounted on itself.
  umount "$work/root/overlay" 2>/dev/null || true
  rm -rf "$work"
}

case $(cluster) in
  rig) with_buildah ;;
  kind) with_docker ;;
  current) echo 'the cluster pulls ghcr.io/sigstand/* itself' ;;
esac
