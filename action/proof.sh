#!/usr/bin/env bash
# proof.sh: gettoken, and two Jobs that sign and verify: a stack whose signature was not verified is none
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/cluster.sh
source "$ROOT/scripts/cluster.sh"

limit=${SIGSTAND_TIMEOUT:-180s} # for each Job
limit=${limit%s}

# A Secret of the same name that somebody else made is theirs to lose: the action's contract names this one.
copy_root() {
  local folder
  folder=$(mktemp -d)
  k get secret -n tuf-system tuf-root -o 'jsonpath={.data.root}' | base64 -d >"$folder/root"
  k get secret -n tuf-system tuf-root -o 'jsonpath={.data.repository}' | base64 -d >"$folder/repository"
  k create secret generic tuf-root -n default --from-file="$folder" --dry-run=client -o yaml |
    k apply --server-side --force-conflicts -f -
  rm -rf "$folder"
}

# With the issuer of this cluster, and as it takes the manifests.
test_release() {
  sed "s#https://kubernetes\.default\.svc\.cluster\.local#$1#" "$ACTION/testrelease.yaml" | render
}

# ended JOB: as soon as it is Complete; fails as soon as it has failed, or is late.
ended() {
  local until=$((SECONDS + limit)) state
  while :; do
    state=$(k get -n default "job/$1" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')
    case " $state " in
      *' Complete '*) echo "$1 is complete"; return ;;
      *' Failed '*) echo "$1 failed"; return 1 ;;
    esac
    [ "$SECONDS" -lt "$until" ] || { echo "$1 is not complete after $limit s"; return 1; }
    sleep 0.5
  done
}

copy_root
# Kubernetes changes no Job that is there; and each run is to prove the stack anew.
k delete job -n default sign-job verify-job --ignore-not-found
test_release "$(issuer)" | k apply -f -
ended sign-job
ended verify-job
k rollout status -n default deployment/gettoken --timeout=60s
