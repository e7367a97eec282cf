# shellcheck shell=bash
# Working with a running instance.

rig_kubectl() {
  need_root kubectl
  need_running
  exec nsenter --net="/run/netns/$NETNS" -- "$STATE/kubectl" --kubeconfig "$KUBECONFIG_ADMIN" "$@"
}

# ip netns exec also puts the instance's resolv.conf in place. Folder, environment and exit status stay the caller's,
# but for KUBECONFIG and a kubectl at the end of the PATH.
rig_exec() {
  [ "${1:-}" != -- ] || shift
  [ $# -gt 0 ] || die 'usage: rig exec [--] COMMAND...'
  need_root exec
  need_running
  export KUBECONFIG=$KUBECONFIG_ADMIN PATH
  PATH=$PATH:$(dirname "$(readlink "$STATE/kubectl")")
  exec ip netns exec "$NETNS" "$@"
}

rig_kubeconfig() { echo "$KUBECONFIG_ADMIN"; }

rig_logs() {
  if [ $# -eq 0 ]; then echo "$STATE/log"; else cat "$STATE/log/$1.log"; fi
}

# load FILE NAME:TAG
rig_load() {
  [ $# -eq 2 ] || die 'usage: rig load FILE NAME:TAG'
  local source=$1 name=$2 work
  need_root load
  need_running
  [ -e "$source" ] || die "no file $source"
  if [ -f "$source" ]; then
    work=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    tar -xf "$source" -C "$work"
    source=$work
  fi
  push_layout "$source" "$name"
  quietly node_pull "$name"
  echo "$name $(jq -r '.manifests[0].digest' "$source/index.json")"
}

rig_base() {
  [ -d "$(image_layout node '')" ] || rig_build images >&2
  image_layout node ''
}

# image mysql: what is loaded only where a test wants it.
rig_image() {
  [ "${1:-}" = mysql ] || die 'usage: rig image mysql'
  rig_build mysql >&2
  image_layout mysql ''
}
