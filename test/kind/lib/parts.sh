# shellcheck shell=bash
# The programs beside the rig's own: Docker, kind, and what a node of kind holds.

OURS=(docker engine kind kubeadm etcd kube-dns local-path crictl)
MODULES+=("${OURS[@]}")
# The module of kind is the one that npm start builds it from.
MODULE_FOLDERS+=("$KIND_HOME" "$ROOT/scripts")

PROGRAMS+=(debootstrap:debootstrap)

# Taken from Debian's packages, and not installed: a machine must not get a Docker by a test.
DEBIAN_ENGINE=docker.io
DEBIAN_REGISTRY=docker-registry

machine_build() {
  if [ $# -gt 0 ]; then rig_build "$@"; return; fi
  rig_build packages pause kube sigstore cosign3 images "${OURS[@]}"
  build_registry
  build_base
  build_node
}

build_debian_engine() { unpack "$DEBIAN_ENGINE" usr/bin/docker usr/sbin/dockerd usr/sbin/docker-proxy; }

# unpack PACKAGE FILE...: these programs of a Debian package, into a folder of the cache
unpack() {
  local to
  to=$(debian_folder "$1")
  [ -d "$to" ] || STEP_LOG=$CACHE/log/$1.log step "unpacking Debian's $1" unpack_into "$to" "$@"
}

unpack_into() {
  local to=$1 package=$2 work
  shift 2
  work=$(mktemp -d)
  cd "$work" || return
  apt-get download "$package" || { apt-get update && apt-get download "$package"; }
  dpkg-deb --extract ./*.deb tree
  mkdir fresh
  (cd tree && mv "$@" ../fresh/)
  rm -rf "$to"
  mv fresh "$to"
  rm -rf "$work"
}

debian_folder() {
  local version
  version=$(apt-cache policy "$1" | sed -n 's/^ *Candidate: //p')
  echo "$CACHE/bin/$1-${version//[^A-Za-z0-9.]/-}"
}
