# shellcheck shell=bash
# machine up [--debian], machine down: from nothing to an engine that has the image of kind's nodes, and back.

KIND_NODE=docker.io/kindest/node:v$(module_version kube)

machine_up() {
  local started engine=moby
  started=$(now)
  case ${1:-} in
    '') ;;
    --debian) engine=debian ;;
    *) die "up: unknown argument $1; there is --debian" ;;
  esac
  need_root up
  machine_build
  [ $engine = moby ] || build_debian_engine
  lock_machine
  if running; then
    note "machine $NAME runs already:" "'machine status' shows it"
    return
  fi
  clear_away
  mkdir -p "$STATE/log" "$STATE/registry" "$RUN"
  STEP_LOG=$STATE/log/up.log
  step 'network and namespaces' make_machine
  step 'registry' start_registry
  step "docker, $engine" start_docker $engine
  exec 9<&-
  step "image of kind's nodes" load_node
  touch "$RUN/complete"
  note "machine $NAME is up:" "$(seconds_since "$started") s"
}

make_machine() {
  save_sysctls
  make_network
  make_cgroups
  hold
  name_registries
}

start_docker() {
  install_programs "$1"
  start_engine
}

load_node() { archive_of "$(node_layout)" "$KIND_NODE" | docker load; }

machine_down() {
  local started
  [ $# -eq 0 ] || die 'down takes no arguments'
  need_root down
  lock_machine
  if ! anything_left; then
    note "machine $NAME:" 'nothing is there'
    return
  fi
  started=$(now)
  end_processes
  restore_sysctls
  clear_away
  note "machine $NAME is down:" "$(seconds_since "$started") s"
}
