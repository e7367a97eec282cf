# shellcheck shell=bash
# rig away SECONDS: the API server is killed, and starts again after so long. All else goes on without it.

rig_away() {
  local seconds=${1:-}
  [[ $# -eq 1 && $seconds =~ ^[0-9]{1,3}$ ]] || die "away takes a number of seconds, at most three digits"
  need_root away
  need_running
  alive kube-apiserver || die "the API server of instance $INSTANCE does not run"
  kill -KILL "$(cat "$RUN/kube-apiserver.pid")"
  sleep "$seconds"
  lock_machine
  start_apiserver
  exec 9<&-
}
