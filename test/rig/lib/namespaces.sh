# shellcheck shell=bash
# The cgroups, and the process under which the whole instance lives.

# Places that Kubernetes and containerd cannot be talked out of, and sysctls that the kubelet sets machine-wide.
SHADOWED_FOLDERS=(/var/lib/kubelet /var/lib/cni /var/log/containers /run/containerd)
SHADOWED_SYSCTLS=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes)

# hold: starts the holder, in a pid and a mount namespace of its own. It has the instance's own files over the names
# above: so nothing outside is touched, and all mounts go when it ends.
hold() {
  local tries
  install "$(rig_bin pause)" "$HOLDER"
  mkdir -p "${SHADOWED_FOLDERS[@]}"
  nsenter --net="/run/netns/$NETNS" -- setsid unshare --pid --fork --mount --propagation slave --mount-proc \
    bash "$HERE/lib/hold.sh" "$STATE" "${SHADOWED_FOLDERS[@]}" "${SHADOWED_SYSCTLS[@]/#//proc/sys/}" \
    </dev/null 8>&- 9>&- &
  for tries in {1..100}; do
    ! holder_pid || return 0
    sleep 0.05
  done
  echo "the namespaces did not come up ($tries tries)"
  return 1
}

# The kubelet wants its cgroup root in every hierarchy.
make_cgroups() {
  local hierarchy
  for hierarchy in $(cgroup_hierarchies); do
    mkdir -p "$hierarchy$CGROUP"
    # cgroup v1: a cpuset is born empty, and a process cannot enter it.
    [ ! -e "$hierarchy/cpuset.cpus" ] || inherit_cpuset "$hierarchy" "$(dirname "$CGROUP")" "$CGROUP"
    [ "$hierarchy" != /sys/fs/cgroup ] || hand_down_controllers "$hierarchy"
  done
}

inherit_cpuset() {
  local hierarchy=$1 group setting; shift
  for group in "$@"; do
    for setting in cpuset.cpus cpuset.mems; do
      cat "$hierarchy/$setting" >"$hierarchy$group/$setting"
    done
  done
}

# cgroup v2 alone: a group has the controllers that its parent passes on.
hand_down_controllers() {
  local group controller
  for group in "" "$(dirname "$CGROUP")"; do
    for controller in cpuset cpu io memory pids; do
      echo "+$controller" >"$1$group/cgroup.subtree_control" || echo "no controller $controller in $1$group"
    done
  done
}

cgroup_hierarchies() { awk '$3 ~ /^cgroup2?$/ && $2 ~ "^/sys/fs/cgroup" { print $2 }' /proc/self/mounts | sort -u; }
