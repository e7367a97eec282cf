# shellcheck shell=bash disable=SC2154
# The seven images without a Docker engine, by buildah from the same Dockerfile; `base` is the layout that they begin with.

# Where an image is kept: under a name made of all that goes into it.
layout_of() {
  local inputs
  inputs=$(cat scripts/Dockerfile scripts/image/* scripts/buildah.sh "$base/index.json" "dist/$1.cjs" | sha256sum)
  echo "$CACHE/images/job-$1-${inputs:0:16}"
}

build() {
  open_store
  in_store bud --quiet --isolation chroot --timestamp 0 --format oci --build-arg "JOB=$1" \
    --build-context base="container-image://oci:$work/base:base" -f scripts/Dockerfile -t "$1" .
  # zstd: smaller than gzip, and quicker to write and to unpack.
  in_store push --quiet --compression-format zstd --compression-level 3 "$1" "oci:$work/$1"
  keep "$work/$1" "$(layout_of "$1")"
}

# keep FOLDER TO: whole or not at all; who comes second has made the same.
keep() {
  mkdir -p "$(dirname "$2")"
  mv "$1" "$2.$$"
  mv -T "$2.$$" "$2" 2>/dev/null || { rm -rf "$2.$$"; [ -d "$2" ]; }
}

# buildah_images PREFIX ARCHITECTURES: into a registry
buildah_images() {
  local prefix=$1 job secure=true base id
  if [ "${2% }" != "$(architecture)" ]; then
    echo "cause: the nodes are ${2% }, and buildah builds for $(architecture) alone here: a Docker engine with buildx can"
    return 1
  fi
  case $(cat "$OUT/registry") in http:*) secure=false ;; esac
  base=$(base_layout)
  for job in $jobs; do
    [ -d "$(layout_of "$job")" ] || build "$job"
    open_store
    # An engine of some years ago unpacks no zstd, and whose nodes these are is not known.
    # By a path that may be a name.
    cp -rl "$(layout_of "$job")" "$work/of-$job" 2>/dev/null || cp -r "$(layout_of "$job")" "$work/of-$job"
    id=$(in_store pull --quiet "oci:$work/of-$job")
    in_store push --quiet --tls-verify=$secure --format oci --compression-format gzip "$id" "docker://$prefix/$job:$tag"
  done
}

# The layout that the images begin with: of the base that docker-bake.hcl names, or that SIGSTAND_BASE does.
base_layout() {
  local name=${SIGSTAND_BASE:-} to
  [ -n "$name" ] || name=$(sed -nE 's/^ *base = "(.*)"$/\1/p' docker-bake.hcl)
  case $name in oci-layout://*) echo "${name#oci-layout://}"; return ;; esac
  to=$CACHE/images/base-$(sha256sum <<<"$name" | cut -c 1-16)
  if [ ! -d "$to" ]; then
    local store=$to.store-$$
    mkdir -p "$store"
    buildah --root "$store" --runroot "$store/run" --storage-driver vfs pull --quiet "docker://${name#docker-image://}"
    buildah --root "$store" --runroot "$store/run" --storage-driver vfs push --quiet "${name#docker-image://}" "oci:$store/layout"
    keep "$store/layout" "$to"
    rm -rf "$store"
  fi >&2
  echo "$to"
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
