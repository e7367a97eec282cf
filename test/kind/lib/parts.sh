# shellcheck shell=bash
# The programs beside the rig's own: Docker, kind, and what a node of kind holds.

OURS=(docker engine kind kubeadm etcd kube-dns local-path crictl)
MODULES+=("${OURS[@]}")
# The module of kind is the one that npm start builds it from.
MODULE_FOLDERS+=("$KIND_HOME" "$ROOT/scripts")

PROGRAMS+=(debootstrap:debootstrap)

# Debian's engine is taken from its package, and not installed: a machine must not get a Docker by a test.
DEBIAN_ENGINE=docker.io

machine_build() {
  if [ $# -gt 0 ]; then rig_build "$@"; return; fi
  rig_build packages pause kube sigstore cosign3 images "${OURS[@]}"
  build_base
  build_node
}

build_debian_engine() {
  local to
  to=$(debian_engine)
  [ -d "$to" ] || STEP_LOG=$CACHE/log/$DEBIAN_ENGINE.log step "unpacking Debian's $DEBIAN_ENGINE" unpack_engine "$to"
}

unpack_engine() {
  local to=$1 work
  work=$(mktemp -d)
  cd "$work" || return
  apt-get download "$DEBIAN_ENGINE" || { apt-get update && apt-get download "$DEBIAN_ENGINE"; }
  dpkg-deb --extract ./*.deb tree
  mkdir fresh
  mv tree/usr/bin/docker tree/usr/sbin/dockerd tree/usr/sbin/docker-proxy fresh/
  fresh/dockerd --version
  rm -rf "$to"
  mv fresh "$to"
  rm -rf "$work"
}

debian_engine() {
  local version
  version=$(apt-cache policy "$DEBIAN_ENGINE" | sed -n 's/^ *Candidate: //p')
  echo "$CACHE/bin/$DEBIAN_ENGINE-${version//[^A-Za-z0-9.]/-}"
}
