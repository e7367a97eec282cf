#!/usr/bin/env bash
# setup-kind.sh [--k8s-version vX.Y.x] [--registry-url NAME:PORT] [--cluster-suffix DOMAIN] [--knative-version IGNORED]: a
# kind cluster named kind and a registry beside it, as sigstore/scaffolding's script of this name makes them
set -euo pipefail
version=0.0.0
sum=unreleased
# shellcheck source-path=SCRIPTDIR source=unpack.sh
source "$(dirname "${BASH_SOURCE[0]}")/unpack.sh"

while [ $# -gt 0 ]; do
  case $1 in
    --k8s-version) export INPUTS_K8S_VERSION=${2:?} ;;
    --knative-version) export INPUTS_KNATIVE_VERSION=${2:?} ;;
    --cluster-suffix) export INPUTS_CLUSTER_SUFFIX=${2:?} ;;
    --registry-url) export INPUTS_REGISTRY_NAME=${2%:*} INPUTS_REGISTRY_PORT=${2##*:} ;;
    *) die "unknown option $1" 64 ;;
  esac
  shift 2
done

tree=$(tree)
export SIGSTAND_OUT=${SIGSTAND_OUT:-$tree/.sigstand}
for part in inputs cluster; do bash "$tree/action/$part.sh"; done
