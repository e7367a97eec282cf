# shellcheck shell=bash
# What npm start needs and is not here: all of it in one message, before anything is made.

MISSING=''
# lacks WHAT HOW-TO-GET-IT
lacks() { MISSING+=$(printf '\n  %-10s %s' "$1" "$2"); }

# preflight CLUSTER
preflight() {
  MISSING=''
  case $1 in
    kind) lacks_node; needs_of_kind ;;
    rig) needs_of_rig ;;
    current) lacks_node; needs_of_current ;;
  esac
  [ -z "$MISSING" ] || die "--cluster $1 needs what is not here:$MISSING
$(other_ways "$1")"
}

needs_of_kind() {
  lacks_engine
  case $(engine) in
    absent | podman) ;;
    *) engine_builder >/dev/null || lacks buildx "Docker $(client_version) builds images with it: $(get buildx)"
      lacks_disk ;;
  esac
  lacks_tool kubectl
  lacks_tool kind
}

needs_of_rig() {
  [ "$(uname -s)" = Linux ] || { lacks Linux "the rig is a Kubernetes on this machine itself, and $(uname -s) runs none"; return; }
  [ "$(id -u)" -eq 0 ] || lacks root 'the rig makes namespaces and mounts: run npm start as root'
  command -v apt-get >/dev/null || lacks Debian 'the rig takes etcd, containerd and more from the packages of Debian 12 or alike'
  # The services want a newer one than Kubernetes does.
  test/rig/rig bin kube-apiserver >/dev/null 2>&1 || go_is_for test/rig/sigstore ||
    lacks Go "the rig is compiled, by Go $(wanted_go test/rig/sigstore) or newer: $(get go)"
}

needs_of_current() {
  local said
  lacks_tool kubectl
  # One that does not run tells nothing of a cluster.
  if [ -z "$MISSING" ] && command -v kubectl >/dev/null; then
    if ! said=$(kubectl config current-context 2>&1); then
      lacks cluster 'kubectl has no current context: kubectl config get-contexts, or KUBECONFIG'
    elif ! said=$(kubectl get --raw /readyz --request-timeout=20s 2>&1); then
      lacks cluster "the context $(kubectl config current-context) does not answer: $(tail -n 1 <<<"$said")"
    fi
  fi
  [ -z "${REGISTRY_PREFIX:-}" ] || [ -n "$(builder_for_registry)" ] ||
    lacks builder "--registry builds images: an engine of Docker with buildx, or as root buildah. $(get buildx)"
}

# What builds for a registry: as engine_builder, or `buildah`; nothing where nothing does.
builder_for_registry() {
  if [ "$(engine)" = answers ] && engine_builder; then return; fi
  if command -v buildah >/dev/null && command -v jq >/dev/null && [ "$(id -u)" -eq 0 ]; then echo buildah; fi
}

# npm brings Node 24 for Linux alone.
lacks_node() {
  [ "$(uname -s)" = Linux ] || bash scripts/with-node.sh true 2>/dev/null || lacks Node "24.5 or newer: $(get node@24)"
}

lacks_engine() {
  case $(engine) in
    absent) lacks Docker "an engine that answers: $(get docker)" ;;
    podman) lacks Docker "'docker' is podman here, with which npm start was not tried: $(get docker)" ;;
    refuses) lacks Docker "its engine refuses this user: sudo usermod -aG docker \$USER, then log in anew" ;;
    silent) lacks Docker "'docker info' gets no answer: start the engine (systemctl start docker, Docker Desktop, colima start)" ;;
  esac
}

# Where Go is, npm start builds it into the cache. By kubectl the pages wait for what is not there yet, which 1.31 learnt.
lacks_tool() {
  local said has
  if [ "$1" = kubectl ] && command -v kubectl >/dev/null; then
    said=$(kubectl version --client 2>&1) || {
      lacks kubectl "'kubectl version --client' fails here${said:+: $(tail -n 1 <<<"$said")}; $(get kubectl)"
      return
    }
    # Before 1.28 it told its version in Go's own words.
    has=$(sed -nE 's/^Client Version: (version\.Info.*GitVersion:")?v?([0-9]+\.[0-9.]+).*/\2/p' <<<"$said")
    at_least 1.31.0 "${has:-1.31.0}" || lacks kubectl "it is $has here, and must be 1.31 or newer: $(get kubectl)"
  fi
  command -v "$1" >/dev/null || go_builds "$1" || lacks "$1" "$(get "$1"), or Go $(wanted_go "$(module_of "$1")"), by which npm start builds it"
}

# The images, the node and what they are unpacked to take about 6 GB. The engine's own disk is seen on this machine alone.
lacks_disk() {
  local folder free
  folder=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null) || return 0
  [ -d "$folder" ] || return 0
  free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print int($4 / 1048576) }')
  [ -z "$free" ] || [ "$free" -ge 3 ] || lacks disk "$free GB are free in $folder, and 3 at least are needed: docker system df"
}

get() {
  case $(uname -s)-$1 in
    Darwin-docker) echo 'Docker Desktop, or brew install colima docker && colima start' ;;
    Darwin-buildx) echo 'brew install docker-buildx' ;;
    Darwin-*) echo "brew install $1" ;;
    *-docker) echo 'https://docs.docker.com/engine/install, or apt-get install docker.io' ;;
    *-buildx) echo 'apt-get install docker-buildx-plugin (Docker), docker-buildx (Debian)' ;;
    *-kubectl) echo 'https://kubernetes.io/docs/tasks/tools' ;;
    *-kind) echo 'https://kind.sigs.k8s.io/docs/user/quick-start' ;;
    *-go) echo 'https://go.dev/doc/install' ;;
  esac
}

other_ways() {
  case $1 in
    kind) echo 'Other ways: npm start -- --cluster current, where kubectl has a cluster; --cluster rig, as root on Debian.' ;;
    rig) echo 'Other ways: start a Docker engine; or npm start -- --cluster current, where kubectl has a cluster.' ;;
    current) echo 'Other ways: npm start -- --cluster kind, where there is Docker; --cluster rig, as root on Debian.' ;;
  esac
}
