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
  if [ "${INPUTS_SIGSTORE_ONLY:-false}" = true ]; then
    kubectl version >/dev/null || refuse 'sigstore-only is true, and kubectl reaches no cluster'
    choose_cluster "$(kind_of_current)"
  else
    docker info >/dev/null 2>&1 ||
      refuse 'no Docker engine answers, and a kind cluster needs one; with a cluster that is there, say sigstore-only: true'
    need_kind
    make_cluster
    make_registry
    echo kind >"$OUT/kind"
    choose_cluster kind
  fi
  SIGSTAND_KIND=$(cat "$OUT/kind" 2>/dev/null || true)
  KIND_NAME=${SIGSTAND_KIND:-$KIND_NAME}
  start_cluster
}

# A kind cluster takes images from the job's Docker, others pull them.
kind_of_current() {
  local context name
  context=$(kubectl config current-context)
  name=${context#kind-}
  if [ "$name" != "$context" ] && command -v kind >/dev/null && kind get clusters 2>/dev/null | grep -qx -- "$name"; then
    echo "$name" >"$OUT/kind"
    echo kind
  else
    echo current
  fi
}

# As all kubectl of the job: its configuration's current context is the new cluster from here on.
make_cluster() {
  local have
  if kind get clusters 2>/dev/null | grep -qx kind; then
    have=$(kubectl --context kind-kind get --raw /.well-known/openid-configuration 2>/dev/null || true)
    [ -n "$have" ] || refuse 'there is a kind cluster named kind, and it does not answer: kind delete cluster'
    [[ $have == *"\"$ISSUER\""* ]] || notice "the kind cluster was there, and its issuer is not $ISSUER"
    kubectl config use-context kind-kind
    return
  fi
  kind_config "$(cat "$OUT/node-image")" "${INPUTS_CLUSTER_SUFFIX:-cluster.local}" >"$OUT/kind.yaml"
  kind create cluster --name kind --config "$OUT/kind.yaml" --wait 5m
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
  for node in $(kind get nodes --name kind); do
    docker exec "$node" mkdir -p "$folder"
    docker exec -i "$node" cp /dev/stdin "$folder/hosts.toml" <<<"[host.\"http://$registry:$port\"]"
  done
  hosts_entry 127.0.0.1 "$registry"
}

main
