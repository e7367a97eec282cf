# shellcheck shell=bash
# rig status: one screen.

rig_status() {
  local name holder node missing=0
  need_root status
  holder=$(holder_pid) || holder=
  note "instance $INSTANCE" "${holder:+holder $holder, network namespace $NETNS}"
  for name in "${DAEMONS[@]}"; do
    if [ -n "$holder" ] && alive "$name"; then
      note "  $name" "running, pid $(cat "$RUN/$name.pid")"
    else
      note "  $name" 'not running'
      missing=1
    fi
  done
  node='not ready'
  # shellcheck disable=SC2153
  [ $missing -eq 1 ] || ! admin get node "$NODE" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}' \
    --request-timeout=5s 2>/dev/null | grep -q True || node=ready
  note "  node $NODE" "$node"
  [ -e "$RUN/complete" ] && [ "$node" = ready ] || exit 3
}
