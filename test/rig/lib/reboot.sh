# shellcheck shell=bash
# rig reboot: the node as it is after a power cut. What is on its disk stays; every process ends at once, and the daemons start again.

rig_reboot() {
  [ $# -eq 0 ] || die "reboot takes no arguments"
  need_root reboot
  need_running
  lock_machine
  local started
  started=$(now)
  rm "$RUN/complete"
  end_all_but_holder
  forget_what_a_boot_forgets
  # shellcheck disable=SC2034
  STEP_LOG=$STATE/log/up.log
  step 'etcd, containerd, registry' start_stored
  step kube-apiserver start_apiserver
  step 'controllers, scheduler, proxy, kubelet' start_rest
  step 'node ready' await_node
  touch "$RUN/complete"
  exec 9<&-
  note "instance $INSTANCE runs again:" "$(seconds_since "$started") s"
}

in_node() { nsenter --target "$(holder_pid)" --mount --net --pid -- "$@"; }

# In a pid namespace, kill -1 means all in it, but pid 1 and who asks.
end_all_but_holder() {
  local tries
  for tries in {1..100}; do
    in_node bash -c 'kill -KILL -1' 2>/dev/null || true
    [ "$(in_node bash -c 'set -- /proc/[0-9]*; echo $#')" -gt 2 ] || return 0
    sleep 0.05
  done
  die "processes of the node do not end ($tries tries)"
}

# What lies in memory, and the networks of Pods.
forget_what_a_boot_forgets() {
  # shellcheck disable=SC2016
  in_node bash -c '
    awk "\$2 ~ /^\/(run\/containerd|run\/netns\/cni-|var\/run\/netns\/cni-|var\/lib\/kubelet)\/?./ { print \$2 }" /proc/self/mounts |
      sort -r | xargs -r umount --lazy 2>/dev/null || true
    find /run/containerd -mindepth 1 -delete 2>/dev/null || true
    rm -f /run/netns/cni-*'
}
