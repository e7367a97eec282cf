#!/usr/bin/env bash
# usage.sh: how to use the stack that runs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
# shellcheck source=/dev/null
source "$OUT/env"

in_cluster=''
cosign=cosign
kubectl=$(command -v kubectl)
case $kubectl in "$CACHE"/*) ;; *) kubectl=kubectl ;; esac
note="The services' names mean something inside the cluster; README.md says how to reach them from outside."
if [ "$(cluster)" = rig ]; then
  in_cluster='test/rig/rig exec -- '
  cosign=$(test/rig/rig bin cosign3)
  kubectl='test/rig/rig kubectl'
  note="'test/rig/rig exec --' runs a command with the cluster's network and names."
fi
cat <<TEXT

TUF root    .sigstand/root.json
            sha256 $(sha256 <"$OUT/root.json" | cut -d' ' -f1)
TUF mirror  $TUF_MIRROR
URLs        .sigstand/env, to be sourced
Clients     .sigstand/trust/README.md: cosign 2 and 3, sigstore-python, -js, -go and -java, gitsign, policy-controller, Kyverno

Sign and verify (cosign 3):

  source .sigstand/env
  ${in_cluster}$cosign initialize --mirror \$TUF_MIRROR --root .sigstand/root.json
  export SIGSTORE_ID_TOKEN=\$($kubectl create token default -n default --audience sigstore)
  ${in_cluster}$cosign sign-blob --yes --bundle .sigstand/bundle.json README.md
  ${in_cluster}$cosign verify-blob --bundle .sigstand/bundle.json \\
    --certificate-identity https://kubernetes.io/namespaces/default/serviceaccounts/default \\
    --certificate-oidc-issuer $ISSUER_URL README.md

$note
Look around: $kubectl get pods -A        Take it all down: npm stop
TEXT
