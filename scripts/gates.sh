# shellcheck shell=bash
# What each stage waits for: the objects themselves, which are there seconds before their Jobs are Complete.

limit=${SIGSTAND_TIMEOUT:-300s}

# there NAMESPACE/KIND/NAME...: every object exists. One kubectl for all of them: starting one costs as
# much as starting a Job.
there() {
  local namespace kind name
  for object in "$@"; do
    IFS=/ read -r namespace kind name <<<"$object"
    printf '{apiVersion: v1, kind: %s, metadata: {namespace: %s, name: %s}}\n---\n' "$kind" "$namespace" "$name"
  done | k wait --for=create --timeout="$limit" -f -
}

start_credentials() {
  apply_stage 1 00-namespaces.yaml 10-trillian.yaml
  there trillian-system/Secret/trillian-mysql
}

gate_keys() {
  there fulcio-system/Secret/fulcio-secrets tsa-system/Secret/tsa-cert-chain || { tell_why; return 1; }
}

gate_late_inputs() {
  at_once rekor_inputs_there ctlog_and_tuf_inputs_there
}
rekor_inputs_there() {
  there rekor-system/Secret/trillian-mysql rekor-system/Secret/rekor-signing-secret rekor-system/ConfigMap/rekor-config
  # createtree reserves the ConfigMap before it has a tree.
  k wait --for='jsonpath={.data.treeID}' --timeout="$limit" -n rekor-system configmap/rekor-config
}
ctlog_and_tuf_inputs_there() {
  there ctlog-system/Secret/ctlog-secrets tuf-system/Secret/tuf-root
}

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
