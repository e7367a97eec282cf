#!/usr/bin/env bash
# images.sh [sigstand]: builds the images of the seven Jobs, and the CLI's, where they changed, and brings them to the cluster of
# npm start
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/preflight.sh
source scripts/cluster.sh
source scripts/docker.sh
source scripts/buildah.sh

jobs=$(grep -oE '"(create|copy)[a-z]+"' docker-bake.hcl | tr -d '"')
jobs+=" $*"
tag=0.1.0
ours=ghcr.io/sigstand

# An image must not hold a bundle of other sources than these.
build_bundles() { bash scripts/with-node.sh node scripts/build.ts; }

# Onto the node, all in one call: kind asks each node once what it has.
to_kind() {
  local job names=()
  if released; then echo 'the cluster pulls our images: this is a release'; return; fi
  build_bundles
  docker_images "$ours" "$(engine_architecture)"
  for job in $jobs; do names+=("$ours/$job:$tag"); done
  in_kind load docker-image --name "$KIND_NAME" "${names[@]}"
}

# The same Dockerfile without a Docker engine.
to_rig() {
  local job base
  need_packages buildah:buildah jq:jq
  base=$(test/rig/rig base)
  build_bundles
  for job in $jobs; do
    [ -d "$(layout_of "$job")" ] || build "$job"
    test/rig/rig load "$(layout_of "$job")" "$ours/$job:$tag"
  done
}

to_registry() {
  local to architectures
  # The chart may run the CLI there, too.
  [[ " $jobs " == *' sigstand '* ]] || jobs+=' sigstand'
  to=$(registry_prefix)
  architectures=$(architectures_of_nodes)
  build_bundles
  case $(REGISTRY_PREFIX=$to builder_for_registry) in
    bake | build) docker_images "$to" "$architectures" push ;;
    buildah) buildah_images "$to" "$architectures" ;;
    *) echo 'cause: nothing here builds images: neither a Docker engine nor buildah'; return 1 ;;
  esac
}

# As images name them; where nodes may not be listed, as this machine.
architectures_of_nodes() {
  local found
  found=$(k get nodes -o 'jsonpath={range .items[*]}{.status.nodeInfo.architecture}{"\n"}{end}' | sort -u | tr '\n' ' ') || true
  echo "${found:-$(architecture)}"
}

architecture() { uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/'; }

case $(cluster) in
  rig) to_rig ;;
  kind) to_kind ;;
  current)
    if [ -n "$(registry_prefix)" ]; then to_registry; else echo "the cluster pulls $ours/* itself"; fi
    ;;
esac
