# shellcheck shell=bash
# Images on the node itself, as `kind load` brings them: the kubelet then starts Pods without a pull. What containerd made
# of them, unpacked, stays in the cache, since to unpack them again would be half of an `up`.

pull_images() {
  local name kept
  [ ! -e "$RUN/unpacked" ] || return 0
  until_ok containerd 60 node_ctr version
  image_list | while read -r name _; do
    [ "$name" = "$NODE_IMAGE" ] || node_pull "$name"
  done
  kept=$(kept_images)
  stop_containerd
  rm -rf "$CACHE/node-images"
  mkdir -p "$CACHE/node-images"
  copy_store "$STATE/containerd" "$kept.new"
  mv "$kept.new" "$kept"
  start_containerd
}

# Before containerd starts.
restore_images() {
  local kept
  kept=$(kept_images)
  [ -d "$kept" ] || return 0
  copy_store "$kept" "$STATE/containerd"
  touch "$RUN/unpacked"
}

kept_images() {
  local hash name recipe program
  hash=$({
    containerd --version
    image_list | while read -r name recipe program; do echo "$name $(image_layout "$recipe" "$program")"; done
  } | sha256sum)
  echo "$CACHE/node-images/${hash:0:16}"
}

# Links, where FROM and TO are of one file system: containerd replaces its files, all but its databases.
copy_store() {
  local from=$1 to=$2 database
  cp --archive --link "$from" "$to" 2>/dev/null || { rm -rf "$to"; cp --archive "$from" "$to"; }
  (cd "$from" && find . -name '*.db') | while read -r database; do
    cp --archive --remove-destination "$from/$database" "$to/$database"
  done
}

start_containerd() { start containerd containerd --config "$STATE/config/containerd.toml"; }

stop_containerd() {
  local pid tries
  pid=$(cat "$RUN/containerd.pid")
  kill "$pid"
  for tries in {1..100}; do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.1
  done
  echo "containerd does not end ($tries tries)"
  return 1
}

node_pull() {
  node_ctr --namespace k8s.io images pull \
    --hosts-dir "$STATE/config/registries" --label io.cri-containerd.image=managed "$1"
}

node_ctr() { in_network ctr --address "$RUN/containerd.sock" "$@"; }
