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
    rig | kind | current) ;;
    *) die "--cluster is current, kind or rig, not '$choice'" ;;
  esac
  [ "$choice" = "$(cluster || echo "$choice")" ] ||
    die "npm start made a stack on another cluster, $(cluster): npm stop takes it down"
  echo "$choice" >"$OUT/cluster"
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
      made rig "${RIG:-sigstand}" || test/rig/rig status >/dev/null 2>&1 || note_made rig "${RIG:-sigstand}"
      # Not a step: it says itself what it builds and for how long.
      test/rig/rig up
      cp "$(test/rig/rig kubeconfig)" "$OUT/kubeconfig"
      ;;
    kind)
      need_kind
      if ! kind get clusters 2>/dev/null | grep -qx "$KIND_NAME"; then
        note_made kind
        step 'kind cluster' kind create cluster --name "$KIND_NAME" --wait 3m
      fi
      kind get kubeconfig --name "$KIND_NAME" >"$OUT/kubeconfig"
      ;;
    current)
      kubectl config view --minify --flatten >"$OUT/kubeconfig.new"
      if [ -e "$OUT/made.json" ] && [ "$(server_in kubeconfig)" != "$(server_in kubeconfig.new)" ]; then
        rm "$OUT/kubeconfig.new"
        die "npm start made a stack at $(server_in kubeconfig), and kubectl speaks to another cluster now: npm stop takes it down"
      fi
      mv "$OUT/kubeconfig.new" "$OUT/kubeconfig"
      ;;
  esac
  chmod 600 "$OUT/kubeconfig"
}

server_in() {
  kubectl config view --kubeconfig "$OUT/$1" -o 'jsonpath={.clusters[0].cluster.server}'
}

# In a cluster that npm start made, all is gone with it. In another, npm stop must know what was there.
note_objects() {
  [ -e "$OUT/made" ] || return 0 # a part of npm start, run by itself
  made rig "${RIG:-sigstand}" || made kind || bash scripts/with-node.sh node scripts/made/main.ts note
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
  cp -r "${SIGSTAND_MANIFESTS:-manifests}" "$OUT/manifests"
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
