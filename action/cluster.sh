#!/usr/bin/env bash
# cluster.sh: the job's cluster. A kind cluster named kind, and a registry beside it; or the cluster that kubectl speaks to
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../scripts/cluster.sh
source "$ROOT/scripts/cluster.sh"
cd "$ROOT"

ISSUER=https://kubernetes.default.svc.cluster.local
REGISTRY_IMAGE=docker.io/library/registry:2.8.3@sha256:a3d8aaa63ed8681a604f1dea0aa03f100d5895b6a58ace528858a7b332415373
registry=${INPUTS_REGISTRY_NAME:-registry.local}
port=${INPUTS_REGISTRY_PORT:-5000}

main() {
  rm -f "$OUT/cluster" "$OUT/kind"
  # The tests' own cluster stands in kind's place: there is no Docker where they run.
  if [ "${SIGSTAND_CLUSTER:-}" = rig ]; then choose_cluster rig; return; fi
  need_tool kubectl
  if [ "${INPUTS_SIGSTORE_ONLY:-false}" = true ]; then
    kubectl version >/dev/null || refuse 'sigstore-only is true, and kubectl reaches no cluster'
    use_current
    start_cluster
  else
    [ "$(engine)" = answers ] ||
      refuse 'no Docker engine answers, and a kind cluster needs one; with a cluster that is there, say sigstore-only: true'
    need_tool kind
    make_cluster
    make_registry
  fi
  # What the job had not, and was built for it.
  for tool in kubectl kind; do
    [ "$(command -v "$tool" || true)" != "$(tool_folder "$tool")/$tool" ] || tool_folder "$tool" >>"${GITHUB_PATH:-/dev/null}"
  done
}

take_kind() {
  KIND_NAME=$1
  choose_cluster kind
  echo "$KIND_NAME" >"$OUT/kind"
}

# A kind cluster takes images from the job's Docker, others pull them.
use_current() {
  local context name
  context=$(kubectl config current-context)
  name=${context#kind-}
  if [ "$name" != "$context" ] && command -v kind >/dev/null && in_kind get clusters 2>/dev/null | grep -qx -- "$name"; then
    take_kind "$name"
  else
    choose_cluster current
  fi
}

# All kubectl of the job speaks to it from here on: kind makes it the current context.
make_cluster() {
  take_kind kind
  if kind_exists; then
    start_cluster
    in_kind export kubeconfig --name kind
    [ "$(issuer)" = "$ISSUER" ] || notice "the kind cluster was there, and its issuer is not $ISSUER"
    return
  fi
  kind_config "$(cat "$OUT/node-image")" "${INPUTS_CLUSTER_SUFFIX:-cluster.local}" >"$OUT/kind.yaml"
  # Kubernetes wants cgroup v2 from 1.35 on, and takes v1 where it is told to.
  [ "$(docker info --format '{{.CgroupVersion}}')" != 1 ] ||
    sed -n '/^  - |/,$p' scripts/kind/cgroup-v1.yaml >>"$OUT/kind.yaml"
  in_kind create cluster --name kind --config "$OUT/kind.yaml" --wait 5m
  start_cluster
}

# kubeadm's two forms of arguments; each Kubernetes takes the one that it knows.
kind_config() {
  cat <<YAML
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    image: $1
kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    apiVersion: kubeadm.k8s.io/v1beta3
    apiServer:
      extraArgs:
        service-account-issuer: $ISSUER
        service-account-jwks-uri: https://kubernetes.default.svc/openid/v1/jwks
        api-audiences: api,spire-server
    networking:
      dnsDomain: $2
  - |
    kind: ClusterConfiguration
    apiVersion: kubeadm.k8s.io/v1beta4
    apiServer:
      extraArgs:
        - {name: service-account-issuer, value: $ISSUER}
        - {name: service-account-jwks-uri, value: https://kubernetes.default.svc/openid/v1/jwks}
        - {name: api-audiences, value: "api,spire-server"}
    networking:
      dnsDomain: $2
YAML
}

# A container of the registry's name on kind's network, so that nodes and, by Docker's DNS, Pods find it; 127.0.0.1 for
# the job. Docker itself is not restarted: that would end a job's own services.
make_registry() {
  local node folder=/etc/containerd/certs.d/$registry:$port
  case $(docker inspect -f '{{.State.Running}}' "$registry" 2>/dev/null || true) in
    true) ;;
    false) docker start "$registry" ;;
    *)
      docker run -d --restart=always --name "$registry" -p "127.0.0.1:$port:$port" \
        -e "REGISTRY_HTTP_ADDR=0.0.0.0:$port" "$REGISTRY_IMAGE"
      ;;
  esac
  [[ $(docker inspect -f '{{json .NetworkSettings.Networks}}' "$registry") == *'"kind"'* ]] ||
    docker network connect kind "$registry"
  for node in $(in_kind get nodes --name kind); do
    docker exec "$node" mkdir -p "$folder"
    docker exec -i "$node" cp /dev/stdin "$folder/hosts.toml" <<<"[host.\"http://$registry:$port\"]"
  done
  hosts_entry 127.0.0.1 "$registry"
}

main
