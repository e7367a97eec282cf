# shellcheck shell=bash
# rig down: ends what this instance started, and takes away all that it left, however far it had come.

rig_down() {
  [ $# -eq 0 ] || die "down takes no arguments"
  need_root down
  lock_machine
  if ! anything_left; then
    note "instance $INSTANCE:" 'nothing is there'
    return
  fi
  local started
  started=$(now)
  clear_away
  note "instance $INSTANCE is down:" "$(seconds_since "$started") s"
}

anything_left() {
  local place
  for place in "$STATE" "$RUN" "/run/netns/$NETNS" "/etc/netns/$NETNS"; do
    [ ! -e "$place" ] || return 0
  done
  root_pid >/dev/null
}

clear_away() {
  end_processes
  remove_network
  remove_cgroups
  rm -rf "$RUN" "$STATE"
  # Folders of the system that may have come with the rig: away if they are empty, and if no other instance stands.
  [ -n "$(find /run/sigstand -mindepth 1 -maxdepth 1 2>/dev/null)" ] || remove_empty_folders
}

# Killing pid 1 of the namespace makes the kernel kill all the others, and with the last of them all mounts go.
end_processes() {
  local pid tries
  while pid=$(root_pid); do
    kill -KILL "$pid" 2>/dev/null || true
    # It stays for as long as one of the others does, and then until its parent has noticed.
    for tries in {1..100}; do
      [ -e "/proc/$pid" ] || break
      sleep 0.05
    done
    [ "$tries" -lt 100 ] || echo "rig: process $pid takes its time to end" >&2
  done
}

remove_network() {
  local pids tries
  if [ -e "/run/netns/$NETNS" ]; then
    # After the last of the rig's processes its parent still has to end.
    for tries in {1..20}; do
      pids=$(ip netns pids "$NETNS" 2>/dev/null | tr '\n' ' ') || true
      [ -n "$pids" ] || break
      sleep 0.05
    done
    [ -z "$pids" ] || echo "rig: not started by the rig, still in its network: processes $pids" >&2
    ip netns del "$NETNS" || rm -f "/run/netns/$NETNS"
  fi
  rm -rf "/etc/netns/$NETNS"
}

# A cgroup stays busy for a moment after its last process.
remove_cgroups() {
  local hierarchy tries
  for hierarchy in $(cgroup_hierarchies); do
    for tries in {1..50}; do
      [ -d "$hierarchy$CGROUP" ] || break
      find "$hierarchy$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    [ ! -d "$hierarchy$CGROUP" ] || echo "rig: $hierarchy$CGROUP is still busy after $tries tries" >&2
    rmdir "$hierarchy$(dirname "$CGROUP")" 2>/dev/null || true
  done
}

remove_empty_folders() {
  local folder
  [ -n "$(ls -A /run/netns 2>/dev/null)" ] || umount /run/netns 2>/dev/null || true
  for folder in /run/netns /etc/netns /run/sigstand /var/lib/sigstand "${SHADOWED_FOLDERS[@]}"; do
    rmdir "$folder" 2>/dev/null || true
  done
}
