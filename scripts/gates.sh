# shellcheck shell=bash
# What each stage waits for: the objects themselves, which are there seconds before their Jobs are Complete.

limit=${SIGSTAND_TIMEOUT:-300s}

# there NAMESPACE OBJECT...: every object exists
there() {
  k wait --for=create --timeout="$limit" -n "$1" "${@:2}"
}

start_credentials() {
  apply_stage 1 '[01]*.yaml'
  there trillian-system secret/trillian-mysql
}

gate_keys() {
  at_once fulcio_ca_there tsa_chain_there
}
fulcio_ca_there() { there fulcio-system secret/fulcio-secrets; }
tsa_chain_there() { there tsa-system secret/tsa-cert-chain; }

gate_late_inputs() {
  at_once rekor_inputs_there ctlog_config_there tuf_root_there
}
rekor_inputs_there() {
  there rekor-system secret/trillian-mysql secret/rekor-signing-secret configmap/rekor-config
  # createtree reserves the ConfigMap before it has a tree.
  k wait --for='jsonpath={.data.treeID}' --timeout="$limit" -n rekor-system configmap/rekor-config
}
ctlog_config_there() { there ctlog-system secret/ctlog-secrets; }
tuf_root_there() { there tuf-system secret/tuf-root; }

gate_stack() {
  at_once deployments_available database_ready jobs_complete
}
deployments_available() {
  k wait --for=condition=Available deployments -A -l "$OURS" --timeout="$limit"
}
database_ready() {
  k rollout status -n trillian-system statefulset/mysql-trillian --timeout="$limit"
}
jobs_complete() {
  k wait --for=condition=Complete jobs -A -l "$OURS" --timeout="$limit"
}

# Runs the gates side by side; if one of them does not open, says why.
at_once() {
  local gate pids=() pid failed=0
  for gate in "$@"; do
    "$gate" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  [ $failed -eq 0 ] || tell_why
  return $failed
}

# What each Job that is not done says last: it names what it waits for.
tell_why() {
  local namespace
  echo
  k get pods -A -l "$OURS"
  for namespace in "${NAMESPACES[@]}"; do
    k get jobs -n "$namespace" -o name | while read -r job; do
      echo "--- $namespace $job"
      k logs -n "$namespace" "$job" --tail=5 2>&1
    done
  done
}
