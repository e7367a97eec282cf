#!/usr/bin/env bash
# sign-and-verify.sh: signs a blob as a service account and verifies it, trusting nothing but root.json
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/cluster.sh
source scripts/gates.sh

issuer=$(issuer)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
k get secret -n tuf-system tuf-root -o 'jsonpath={.data.root}' | base64 -d >"$work/root.json"

# Names of npm start's own: somebody may have followed sign-and-verify.yaml under the names in it.
job=sigstand-sign-and-verify
root=sigstand-sign-and-verify-root
mine=sigstand.dev/made-by=npm-start

in_a_pod() {
  local one
  for one in job/$job configmap/$root; do
    case $(k get -n default "$one" --ignore-not-found -o 'jsonpath={.kind} {.metadata.labels.sigstand\.dev/made-by}') in
      '' | *' npm-start') ;;
      *) echo "cause: default has a $one of somebody, and npm start needs that name"; return 1 ;;
    esac
  done
  take_away
  k create configmap -n default $root --from-file=root.json="$work/root.json" --dry-run=client -o yaml |
    k label --local -f - "$mine" -o yaml | k apply -f -
  render <scripts/sign-and-verify.yaml |
    sed -e "s#https://kubernetes.default.svc#$issuer#" -e "s#name: sign-and-verify\$#name: $job#" \
      -e "s#{name: sigstand-root}#{name: $root}#" | k label --local -f - "$mine" -o yaml | k apply -f -
  if watched complete; then
    k logs -n default job/$job --all-containers --tail=5
    take_away
  else
    why_not
    return 1
  fi
}

complete() { k wait --for=condition=Complete -n default job/$job --timeout="$limit"; }
take_away() { k delete -n default job/$job configmap/$root --ignore-not-found; }

# A Job that has failed is not waited for.
look() {
  images_not_pulled -n default -l "job-name=$job"
  case $(k get job -n default $job -o 'jsonpath={.status.conditions[?(@.status=="True")].type}') in
    *Failed*) printf 'end\t%s\n' "$(last_words)" ;;
  esac
}

# What the container that failed said last; where there was none, why the Job made no Pod.
last_words() {
  local said
  said=$(k logs -n default job/$job --all-containers --tail=1 2>/dev/null | grep -v '^ *$' | tail -n 1) || true
  [ -n "$said" ] || said=$(k get events -n default --field-selector "involvedObject.name=$job,type=Warning" \
    -o 'jsonpath={.items[-1:].message}' 2>/dev/null) || true
  echo "the Job default/$job failed: ${said:-kubectl describe -n default job/$job}"
}

why_not() {
  k get pods -n default -l "job-name=$job"
  k logs -n default job/$job --all-containers --tail=20
}

# The services' names mean something inside the cluster only, so a Pod does it there.
if [ "$(cluster)" != rig ]; then in_a_pod; exit; fi

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
