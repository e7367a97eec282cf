#!/usr/bin/env bash
# stack.sh [servers]: the CLI's `up` on the cluster that npm start chose, with a signature that proves the stack, and the files
# for clients; with `servers` neither of both
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/cluster.sh

whole=true
[ "${1:-}" != servers ] || whole=false

# Lets the manifests have the last word, as they had by kubectl apply.
bring_up() {
  local flags=(--manifests - --force-conflicts "--timeout=${SIGSTAND_TIMEOUT:-600s}" "--patience=${SIGSTAND_PATIENCE:-60}s")
  ! $whole || flags+=(--token default/default)
  # In a cluster that npm start made, all is gone with it. In another, npm stop must know what was there.
  [ ! -e "$OUT/made" ] || made rig "${RIG:-sigstand}" || made kind "$KIND_NAME" || flags+=(--record "$OUT/made.json")
  # A run from here that was killed still holds the lease.
  [ ! -e "$OUT/applied" ] || flags+=(--take-over)
  : >"$OUT/applied"
  manifests '*.yaml' | cli up "${flags[@]}" 2>&1 | tee -a "$OUT/log" | awk '!/^sigstand up: error: / { print; fflush() }'
}

# Why it did not, in the words of the CLI.
why_not() {
  local why log=${OUT#"$ROOT"/}/log
  if [ "$(cluster)" = kind ] && [ "$(engine)" = silent ]; then die "Docker does not answer any more: start it, $again; the whole log is $log"; fi
  why=$(tail -n "+$(($1 + 1))" "$OUT/log" | sed -n 's/^sigstand up: error: //p' | tail -n 1)
  die "${why:-the stack did not come up}; the whole log is $log"
}

clients_files() {
  # A stack that was made anew has another root, and whoever made it knows.
  cli export --to "$OUT/trust" --issuer "$(issuer)" --replace-root
  cp "$OUT/trust/1.root.json" "$OUT/root.json"
  cat >"$OUT/env" <<TEXT
# source .sigstand/env
export KUBECONFIG='$OUT/kubeconfig'
source '$OUT/trust/env'
export FULCIO_GRPC_URL=http://fulcio.fulcio-system.svc:5554
TEXT
}

render_manifests
touch "$OUT/log"
lines=$(wc -l <"$OUT/log")
began=$(now)
bring_up || why_not "$lines"
rm "$OUT/applied"
verified=$(seconds_since "$began")
! $whole || step 'trust: what clients need, as files' clients_files
! $whole || printf '\napply to verified: %s\n' "$verified"
