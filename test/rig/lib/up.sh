# shellcheck shell=bash
# rig up [--with CONTROLLER,...]: from nothing to a node that is ready, and to controllers that admit.

rig_up() {
  local started names='' name controllers=() fresh=
  started=$(now)
  case ${1:-} in
    '') ;;
    --with=*) names=${1#*=} ;;
    --with) names=${2:-} ;;
    *) die "up: unknown argument $1; there is --with CONTROLLER,..." ;;
  esac
  names=$(controllers_of "$names")
  [ -z "$names" ] || mapfile -t controllers <<<"$names"
  need_root up
  # What only tests ask for (cosign 2, sigstore-go) is left to `rig build`.
  rig_build packages pause kube dns kube-router sigstore cosign3 images "${controllers[@]}"
  [[ " ${controllers[*]} " != *" traefik "* ]] || rig_build gateway-api
  for name in "${controllers[@]}"; do build_controller_image "$name"; done
  lock_machine
  if running; then
    push_images
    note "instance $INSTANCE runs already:" "'rig status' shows it"
  else
    fresh=1
    start_instance
  fi
  STEP_LOG=$STATE/log/up.log
  for name in "${controllers[@]}"; do step "$(module_title "$name")" install_controller "$name"; done
  exec 9<&-
  [ -n "$fresh" ] || return 0
  note "instance $INSTANCE is up:" "$(seconds_since "$started") s"
  how_to_use
}

start_instance() {
  clear_away
  mkdir -p "$STATE/log" "$RUN"
  # shellcheck disable=SC2034
  STEP_LOG=$STATE/log/up.log
  step certificates make_certificates
  step 'network and namespaces' make_namespaces
  step 'etcd, containerd, registry' start_foundations
  step kube-apiserver start_apiserver
  step 'images into the registry' push_images
  step 'images onto the node' pull_images
  step 'controllers, scheduler, proxy, kubelet' start_rest
  step 'node ready' await_node
  step DNS await_dns
  # So that each use of it need not look for it.
  ln -s "$(rig_bin kubectl)" "$STATE/kubectl"
  touch "$RUN/complete"
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
