# shellcheck shell=bash
# The clusters that npm start knows: kind where a Docker engine answers, the rig where none does, or the
# one that kubectl speaks to already.

choose_cluster() {
  local choice=$1
  if [ -z "$choice" ]; then
    choice=$(cluster || true)
    [ -n "$choice" ] || { if docker info >/dev/null 2>&1; then choice=kind; else choice=rig; fi; }
  fi
  case $choice in
    rig | kind | current) echo "$choice" >"$OUT/cluster" ;;
    *) die "--cluster is current, kind or rig, not '$choice'" ;;
  esac
}

describe_cluster() {
  case $(cluster) in
    rig) echo 'the rig: a single-node Kubernetes on this machine, without Docker' ;;
    kind) echo 'kind: Kubernetes in Docker' ;;
    current) echo "the current cluster, $(kubectl config current-context)" ;;
  esac
}

start_cluster() {
  case $(cluster) in
    rig)
      # Not a step: it says itself what it builds and for how long.
      test/rig/rig up
      cp "$(test/rig/rig kubeconfig)" "$OUT/kubeconfig"
      ;;
    kind)
      need_kind
      kind get clusters 2>/dev/null | grep -qx sigstand || step 'kind cluster' kind create cluster --name sigstand --wait 3m
      kind get kubeconfig --name sigstand >"$OUT/kubeconfig"
      ;;
    current) kubectl config view --minify --flatten >"$OUT/kubeconfig" ;;
  esac
  chmod 600 "$OUT/kubeconfig"
}

need_kind() {
  command -v kubectl >/dev/null || die 'kubectl is not installed'
  command -v kind >/dev/null || PINS=scripts/kind/go.mod step 'kind' install_kind
}

install_kind() {
  cd scripts/kind || return
  CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false' \
    go build -trimpath -o /usr/local/bin/kind sigs.k8s.io/kind
}

# The rig serves the manifests' images by name and tag; a digest names bytes that only their registry has.
render_manifests() {
  rm -rf "$OUT/manifests"
  cp -r manifests "$OUT/manifests"
  [ "$(cluster)" != rig ] || sed -i -E 's/@sha256:[0-9a-f]{64}//' "$OUT"/manifests/*.yaml
}

# apply_stage STAGE PATTERN [LABEL]: the objects of one stage in the manifests whose names match, or those with a label
apply_stage() {
  manifests "$2" | apply "$1" "${3:-}"
}

# shellcheck disable=SC2086 # It is a pattern.
manifests() { cat "$OUT"/manifests/$1; }

# Applies what it is given to read; it begins before that is there, and is quick then.
apply() {
  k apply -f - -l "sigstand.dev/stage=$1${2:+,$2}" | tee -a "$OUT/applied"
}
