# shellcheck shell=bash
# Working with a machine that runs.

need_machine() {
  { [ -e "$RUN/complete" ] && holder_pid >/dev/null; } || die "machine $NAME does not run; start it with 'machine up'"
}

# Folder, environment and exit status stay the caller's, but for what leads to the engine, and the machine's own programs
# first on the PATH. ip netns exec also puts the machine's resolv.conf and hosts in place.
machine_exec() {
  [ "${1:-}" != -- ] || shift
  [ $# -gt 0 ] || die 'usage: machine exec [--] COMMAND...'
  need_root exec
  need_machine
  export DOCKER_HOST=unix://$SOCKET DOCKER_CONFIG=$STATE/docker-config PATH=$STATE/bin:$PATH
  exec ip netns exec "$NETNS" "$@"
}

machine_status() {
  local name missing=0
  for name in "${DAEMONS[@]}"; do
    if holder_pid >/dev/null && alive "$name"; then note "  $name" "running, pid $(cat "$RUN/$name.pid")"
    else note "  $name" 'not running'; missing=1; fi
  done
  [ -e "$RUN/complete" ] && [ $missing -eq 0 ] || exit 3
}

machine_pause() {
  local pid tries
  need_machine
  alive dockerd || return 0
  pid=$(cat "$RUN/dockerd.pid")
  kill -TERM "$pid"
  for tries in {1..600}; do
    alive dockerd || return 0
    sleep 0.1
  done
  die "the engine did not end in $((tries / 10)) s"
}

machine_resume() {
  need_machine
  alive dockerd || STEP_LOG=$STATE/log/up.log step 'docker again' start_engine
}

machine_logs() {
  if [ $# -eq 0 ]; then echo "$STATE/log"; else cat "$STATE/log/$1.log"; fi
}
