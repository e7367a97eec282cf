#!/usr/bin/env bash
# stack.sh [servers]: brings the stack up on the cluster that npm start chose, and proves it by a signature; with
# `servers` all but the proof and the files for clients, which needs no npm packages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/cluster.sh
source scripts/gates.sh

whole=true
[ "${1:-}" != servers ] || whole=false

render_manifests
note_objects
applied=$(now)
: >"$OUT/applied"
# By themselves: a Pod that is made with its namespace waits for the certificate that Kubernetes puts there.
step 'namespaces, network policies applied' gate start_namespaces
step 'database applied' gate start_database
step 'all else applied, each server with its inputs' gate start_the_rest
step 'every server available' gate servers_available
! $whole || step 'a blob signed, logged, timestamped and verified' bash scripts/sign-and-verify.sh
verified=$(seconds_since "$applied")
step 'every Job complete' gate jobs_complete
note_objects
! $whole || step 'trust: what clients need, as files' bash scripts/trust.sh

echo
! $whole || echo "apply to verified: $verified"
if ! grep -qv ' unchanged$' "$OUT/applied"; then echo 'The stack was running: nothing was changed.'; fi
