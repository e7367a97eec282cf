#!/usr/bin/env bash
# sign-and-verify.sh: signs a blob as a service account and verifies it, trusting nothing but root.json
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

issuer=$(issuer)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
k get secret -n tuf-system tuf-root -o 'jsonpath={.data.root}' | base64 -d >"$work/root.json"

if [ "$(cluster)" != rig ]; then
  # The services' names mean something inside the cluster only, so a Pod does it there.
  k delete job -n default sign-and-verify --ignore-not-found
  k create configmap -n default sigstand-root --from-file=root.json="$work/root.json" --dry-run=client -o yaml | k apply -f -
  sed "s#https://kubernetes.default.svc#$issuer#" scripts/sign-and-verify.yaml | k apply -f -
  k wait --for=condition=Complete -n default job/sign-and-verify --timeout=120s ||
    { k logs -n default job/sign-and-verify --all-containers; exit 1; }
  exit 0
fi

program=$(test/rig/rig bin cosign3)
cosign() { test/rig/rig exec -- env HOME="$work" TUF_ROOT="$work/tuf" "$program" "$@"; }
# By env, never by flag: a command line is there for everybody to read.
SIGSTORE_ID_TOKEN=$(k create token default -n default --audience sigstore)
export SIGSTORE_ID_TOKEN
echo 'signed by Sigstand' >"$work/blob"

cosign initialize --mirror http://tuf.tuf-system.svc --root "$work/root.json"
cosign sign-blob --yes --bundle "$work/bundle.json" "$work/blob"
cosign verify-blob --bundle "$work/bundle.json" \
  --certificate-identity https://kubernetes.io/namespaces/default/serviceaccounts/default \
  --certificate-oidc-issuer "$issuer" "$work/blob"
