# shellcheck shell=bash
# What is applied when: each server as soon as its inputs are there, which is seconds before their Jobs are Complete.

# shellcheck source-path=SCRIPTDIR source=watch.sh
source "$ROOT/scripts/watch.sh"

limit=${SIGSTAND_TIMEOUT:-300s}

# there NAMESPACE OBJECT
there() {
  k wait --for=create --timeout="$limit" -n "$1" "$2"
}

# apply_once_there NAMESPACE OBJECT STAGE PATTERN [LABEL]: what needs an object, as soon as that is there
apply_once_there() {
  { there "$1" "$2" >&2 && manifests "$4"; } | apply "$3" "${5:-}"
}

# `step` asks for the status, and then no command ends a function by failing; so each says on what it goes on.

start_namespaces() {
  apply_stage 1 '0*.yaml'
}

# The database is the longest way. On two cores, every Pod beside its first ones makes it longer. Its volume takes a
# second to be bound, and until then nobody asks for its credentials. It is not applied a second time: to find that
# nothing changed, kubectl reads the schema of the whole API.
start_database() {
  local database=app.kubernetes.io/name=mysql-trillian
  apply_stage 1 '1*.yaml' &&
    apply_stage 2 '1*.yaml' "$database" &&
    apply_once_there trillian-system secret/trillian-mysql 2 '1*.yaml' "${database/=/!=}"
}

start_the_rest() {
  apply_stage 1 '[2-9]*.yaml' &&
    at_once start_fulcio start_tsa start_rekor start_ctlog start_tuf
}
start_fulcio() { apply_once_there fulcio-system secret/fulcio-secrets 2 '3*.yaml'; }
start_tsa() { apply_once_there tsa-system secret/tsa-cert-chain 2 '5*.yaml'; }
# Its Pod waits for the tree itself. The database's credentials came before the database.
start_rekor() { apply_once_there rekor-system secret/rekor-signing-secret 2 '2*.yaml'; }
start_ctlog() { apply_once_there ctlog-system secret/ctlog-secrets 3 '4*.yaml'; }
start_tuf() { apply_once_there tuf-system secret/tuf-root 3 '6*.yaml'; }

# The database among them: without it Trillian's servers are not.
servers_available() {
  k wait --for=condition=Available deployments -A -l "$OURS" --timeout="$limit"
}
jobs_complete() {
  k wait --for=condition=Complete jobs -A -l "$OURS" --timeout="$limit"
}

# Runs functions side by side, and fails where one of them does.
at_once() {
  local one pids=() pid failed=0
  for one in "$@"; do
    ("$one") &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return $failed
}

# Runs one of these, and says why where it fails.
gate() {
  watched "$1" || { tell_why; return 1; }
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
