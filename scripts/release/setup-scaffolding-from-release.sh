#!/usr/bin/env bash
# setup-scaffolding-from-release.sh [--release-version THIS]: this release into the cluster that kubectl speaks to, and
# root.json into this folder, as sigstore/scaffolding's script of this name does; `kubectl get ksvc` tells the URLs
set -euo pipefail
version=0.0.0
sum=unreleased
# shellcheck source-path=SCRIPTDIR source=unpack.sh
source "$(dirname "${BASH_SOURCE[0]}")/unpack.sh"

while [ $# -gt 0 ]; do
  case $1 in
    --release-version) export INPUTS_VERSION=${2:?} ;;
    *) die "unknown option $1" 64 ;;
  esac
  shift 2
done

tree=$(tree)
export SIGSTAND_OUT=${SIGSTAND_OUT:-$tree/.sigstand} INPUTS_SIGSTORE_ONLY=true
for part in inputs cluster images stack reach ksvc; do bash "$tree/action/$part.sh"; done
kubectl get secret -n tuf-system tuf-root -o 'jsonpath={.data.root}' | base64 -d >root.json
echo 'The root of the TUF repository is in root.json.'
