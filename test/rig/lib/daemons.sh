# shellcheck shell=bash
# Starting and watching daemons in an instance's namespaces.

DAEMONS=(etcd registry kube-apiserver containerd kube-controller-manager kube-scheduler kubelet kube-proxy kube-router)

in_network() { nsenter --net="/run/netns/$NETNS" -- "$@"; }

# start NAME COMMAND...: its log and its pid, as the host counts, go by its name.
start() {
  local name=$1; shift
  # Without a fork nsenter leaves bash itself in the host's pid namespace, and only the daemon is born in the new one:
  # so $! is the host's number. The lock must not be inherited. Memory is there: Go need not collect so often.
  # shellcheck disable=SC2016
  GOGC=400 nsenter --target "$(holder_pid)" --mount --net --pid --no-fork -- bash -c '
    log=$1 pid=$2; shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null 8>&- 9>&- &
    echo $! >"$pid"' _ "$STATE/log/$name.log" "$RUN/$name.pid" "$@"
}

alive() {
  local pid
  pid=$(cat "$RUN/$1.pid") || return
  [ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink "/proc/$(holder_pid)/ns/pid")" ]
} 2>/dev/null

dead_daemons() {
  local name
  for name in "${DAEMONS[@]}"; do alive "$name" || echo "$name"; done
}

# until_ok NAME SECONDS COMMAND...: waits for COMMAND to succeed, but not longer than the daemon NAME lives.
until_ok() {
  local name=$1 seconds=$2 started; shift 2
  started=$(now)
  until "$@" >/dev/null 2>&1; do
    alive "$name" || { tail -n 30 "$STATE/log/$name.log"; echo "$name has ended"; return 1; }
    [ $((($(now) - started) / 1000000)) -lt "$seconds" ] ||
      { tail -n 30 "$STATE/log/$name.log"; echo "$name: no answer in $seconds s to: $*"; return 1; }
    sleep 0.1
  done
}
