# shellcheck shell=bash
# The kind cluster of npm start: it touches neither ~/.kube/config nor the current context.

node_name() { echo "$KIND_NAME-control-plane"; }

# By Docker, whatever the environment prefers.
in_kind() { KIND_EXPERIMENTAL_PROVIDER=docker kind "$@"; }

# Not by a pipe: grep ends with the first that fits, and what still writes then has failed.
kind_exists() {
  local there
  there=$(in_kind get clusters 2>/dev/null)
  grep -qx "$KIND_NAME" <<<"$there"
}

need_kind() {
  need_tool kubectl
  need_tool kind
}

start_kind() {
  need_kind
  if made kind "$KIND_NAME" && ! made whole "$KIND_NAME" && kind_exists; then
    step 'kind cluster that was half made, deleted' delete_kind
  fi
  if kind_exists; then
    case $(node_state) in
      exited | created | paused) step 'kind cluster that stood still, started' wake_kind ;;
    esac
    in_kind get kubeconfig --name "$KIND_NAME" >"$OUT/kubeconfig" ||
      die "the kind cluster $KIND_NAME is broken: 'kind delete cluster --name $KIND_NAME' takes it away"
  else
    note_made kind "$KIND_NAME"
    step 'kind cluster' create_kind
  fi
  ! made kind "$KIND_NAME" || note_made whole "$KIND_NAME"
}

create_kind() {
  local config=()
  # Its Kubernetes wants cgroup v2, and takes v1 where it is told to.
  [ "$(docker info --format '{{.CgroupVersion}}')" != 1 ] || config=(--config scripts/kind/cgroup-v1.yaml)
  in_kind create cluster --name "$KIND_NAME" --kubeconfig "$OUT/kubeconfig" --wait 3m ${config[0]+"${config[@]}"}
}

# Without a kubeconfig that is named it would look for the cluster in the user's own.
delete_kind() { in_kind delete cluster --name "$KIND_NAME" --kubeconfig "$OUT/kubeconfig"; }

# As Docker says: running, exited, paused, created.
node_state() { docker inspect --format '{{.State.Status}}' "$(node_name)"; }

# After a restart of Docker, or of the machine.
wake_kind() {
  local tries=90
  case $(node_state) in
    paused) docker unpause "$(node_name)" ;;
    *) docker start "$(node_name)" ;;
  esac
  in_kind get kubeconfig --name "$KIND_NAME" >"$OUT/kubeconfig"
  until k get --raw /readyz --request-timeout=5s; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { echo 'cause: its API server does not answer: npm stop deletes it, and npm start makes another'; return 1; }
    sleep 2
  done
  k wait --for=condition=Ready nodes --all --timeout=180s
}
