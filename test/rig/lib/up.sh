# shellcheck shell=bash
# rig up: from nothing to a node that is ready.

rig_up() {
  local started
  started=$(now)
  need_root up
  # What only tests ask for (cosign 2, sigstore-go) is left to `rig build`.
  rig_build packages pause kube dns sigstore cosign3 images
  lock_machine
  if running; then
    push_images
    note "instance $INSTANCE runs already:" "'rig status' shows it"
    return
  fi
  clear_away
  mkdir -p "$STATE/log" "$RUN"
  # shellcheck disable=SC2034
  STEP_LOG=$STATE/log/up.log
  step certificates make_certificates
  step 'network and namespaces' make_namespaces
  step 'etcd, containerd, registry' start_foundations
  step kube-apiserver start_apiserver
  step 'images into the registry' push_images
  step 'controllers, scheduler, proxy, DNS, kubelet' start_rest
  step 'node ready' await_node
  step 'images onto the node' pull_images
  # So that each use of it need not look for it.
  ln -s "$(rig_bin kubectl)" "$STATE/kubectl"
  touch "$RUN/complete"
  exec 9<&-
  note "instance $INSTANCE is up:" "$(seconds_since "$started") s"
  how_to_use
}

how_to_use() {
  local rig=${0#"$PWD"/}
  [ "$INSTANCE" = sigstand ] || rig="RIG=$INSTANCE $rig"
  cat <<TEXT

  $rig kubectl get pods -A       kubectl as admin
  $rig exec -- COMMAND           a command with the cluster's network and DNS
  $rig status                    what runs
  $rig down                      end it

  kubeconfig (within the rig's network): $KUBECONFIG_ADMIN
TEXT
}

make_namespaces() {
  make_network
  make_cgroups
  render_config
  hold
}
