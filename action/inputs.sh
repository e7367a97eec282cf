#!/usr/bin/env bash
# inputs.sh: refuses what it cannot do, all of it at once, before anything is made; says what it does otherwise than asked
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

wrong=()
check() { [[ $2 =~ ^($3)$ ]] || wrong+=("$1 is $4, not '$2'"); }

version() {
  local own
  own=$(sed -nE 's/^  "version": "([^"]+)".*/\1/p' "$ROOT/package.json")
  case ${INPUTS_VERSION:-} in
    '' | "$own" | "v$own") ;;
    latest-release | main | v0.[4-7].* | 0.[4-7].*)
      notice "version '$INPUTS_VERSION' means this action's own release, $own: the action is pinned by what follows @ in uses" ;;
    *) wrong+=("version '$INPUTS_VERSION' is not this action's, which is $own: name the release after @ in uses") ;;
  esac
}

image_name='^[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$'
# One of the table, an image of it by its exact version, or an image of the caller's.
node_image() {
  local asked=$1
  case $asked in
    */*) if [[ $asked =~ $image_name ]]; then echo "$asked"; fi ;;
    *) awk -v v="$asked" '!/^#/ { exact = $2; sub(/@.*/, "", exact); sub(/.*:/, "", exact)
      if (v == $1 || v == exact) print $2 }' "$ACTION/kubernetes" ;;
  esac
}

booleans="true|false"
check sigstore-only "${INPUTS_SIGSTORE_ONLY:-false}" "$booleans" 'true or false'
check ksvc "${INPUTS_KSVC:-true}" "$booleans" 'true or false'
check registry-name "${INPUTS_REGISTRY_NAME:-registry.local}" '[a-z0-9]([a-z0-9.-]*[a-z0-9])?' "a host's name"
check registry-port "${INPUTS_REGISTRY_PORT:-5000}" '[1-9][0-9]{0,3}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5])))' 'a port'
check cluster-suffix "${INPUTS_CLUSTER_SUFFIX:-cluster.local}" '[a-z0-9]([a-z0-9.-]*[a-z0-9])?' 'a DNS domain'
check issuers "${INPUTS_ISSUERS:-}" '((github|google|sigstore)(,(github|google|sigstore))*)?' 'some of github, google, sigstore, by comma'
version
[ -d "$WORKSPACE/${INPUTS_WORKING_DIRECTORY:-.}" ] || [ -d "${INPUTS_WORKING_DIRECTORY:-.}" ] ||
  wrong+=("working-directory '$INPUTS_WORKING_DIRECTORY' is not there")
image=$(node_image "${INPUTS_K8S_VERSION:-v1.32.x}")
[ -n "$image" ] ||
  wrong+=("k8s-version '$INPUTS_K8S_VERSION' is not known: $(awk '!/^#/ { print $1 }' "$ACTION/kubernetes" | paste -sd' ' -), or a kindest/node image")
[ ${#wrong[@]} -eq 0 ] || refuse "$(printf '%s\n' "${wrong[@]}")"

if [ -n "${INPUTS_KNATIVE_VERSION:-}" ]; then
  notice "knative-version is ignored: there is no Knative, and kubectl get ksvc answers even so"
fi
mkdir -p "$OUT"
echo "$image" >"$OUT/node-image"
