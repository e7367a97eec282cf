# shellcheck shell=bash
# The engine: Docker's of today, or Debian's of 2021, which has no buildx and knows no named contexts.

DAEMONS=(registry nginx dockerd)
# Where containerd's shims have their sockets, and Docker its plugins, a key and more, whatever they are told.
SHADOWED_FOLDERS=(/run/containerd /run/docker /etc/docker /opt/containerd)
SOCKET=$RUN/docker.sock

docker() { in_network env DOCKER_HOST="unix://$SOCKET" "$STATE/bin/docker" "$@"; }

# The programs of a user of the machine, and those of its engine.
install_programs() {
  local from
  mkdir -p "$STATE/bin" "$STATE/engine" "$STATE/docker-config/cli-plugins"
  if [ "$1" = debian ]; then
    from=$(debian_folder "$DEBIAN_ENGINE")
    ln -s "$from/docker" "$STATE/bin/docker"
  else
    from=$(module_bin engine)
    ln -s "$(rig_bin buildx)" "$STATE/docker-config/cli-plugins/docker-buildx"
    ln -s "$(module_bin docker)/docker" "$STATE/bin/docker"
  fi
  ln -s "$from/dockerd" "$from/docker-proxy" "$STATE/engine/"
  install "$KIND_HOME/files/runc" "$STATE/engine/runc"
  sed -e "s|@KIND@|$(rig_bin kind)|" -e "s|@NODE_IMAGE@|$KIND_NODE|" "$KIND_HOME/files/kind" >"$STATE/bin/kind"
  chmod +x "$STATE/bin/kind"
  ln -s "$(rig_bin kubectl)" "$STATE/bin/kubectl"
}

start_engine() {
  PATH=$STATE/engine:$PATH SSL_CERT_FILE=$STATE/trusted.crt start dockerd "$STATE/engine/dockerd" \
    --data-root "$STATE/docker" --exec-root "$RUN/exec" --pidfile "$RUN/docker.pid" --host "unix://$SOCKET" \
    --cgroup-parent "$CGROUP" --insecure-registry "$REGISTRY"
  until_ok dockerd 60 docker version
}

# What the kubelet in a node sets for the whole machine.
save_sysctls() {
  local name
  for name in "${SHADOWED_SYSCTLS[@]}"; do echo "$name $(cat "/proc/sys/$name")"; done >"$STATE/sysctls"
}
restore_sysctls() {
  local name value
  [ -e "$STATE/sysctls" ] || return 0
  while read -r name value; do echo "$value" >"/proc/sys/$name"; done <"$STATE/sysctls"
}
