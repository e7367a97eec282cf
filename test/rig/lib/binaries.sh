# shellcheck shell=bash
# The programs, built from Go modules and kept in the cache by the hash of what they are made from.

MODULES=(pause kube dns kube-router sigstore cosign3 cosign2 sigstore-go gitsign go-tuf readers load act helm gateway-api)
# Those that admit. Kyverno takes the longest of all, and CI does without: it is built where it is named.
CONTROLLERS=(policy-controller kyverno)
# Older versions of what is there: built where they are named.
OLDER=(helm3)
# What leads clients in from outside: the same.
INGRESSES=(traefik)
# What applies the manifests again and again: the same.
GITOPS=(flux)
# What makes certificates for the names outside: the same.
CERTIFIERS=(cert-manager)
# Where people log in: the same. It compiles an SQLite, which wants a C compiler.
LOGINS=(dex)
# What Go does not build, each by a file of its own.
for part in python maven java rust mysql keycloak; do
  # shellcheck source=/dev/null
  source "$HERE/lib/$part.sh"
done
# Whoever builds on the rig adds the folder of their modules here, and the modules to the list.
MODULE_FOLDERS=()

rig_build() {
  local part
  mkdir -p "$CACHE/bin" "$CACHE/images" "$CACHE/log"
  [ $# -gt 0 ] || set -- packages "${MODULES[@]}" policy-controller "$PYTHON" images
  for part in "$@"; do
    # One builds a part at a time; whoever has no need of it does not wait.
    exec 8>"$CACHE/log/${part//\//-}.lock"
    flock --nonblock 8 || { note "another build of $part is running; waiting for it"; flock 8; }
    case $part in
      packages | images) STEP_LOG=$CACHE/log/$part.log "build_$part" ;;
      "$PYTHON") build_python ;;
      "$SIGSTORE_JAVA") build_java ;;
      "$RUST") build_rust ;;
      mysql) build_mysql ;;
      keycloak) build_keycloak ;;
      *) build_module "$part" ;;
    esac
  done
  exec 8>&-
}

build_module() {
  local module=$1 to folder
  folder=$(module_folder "$module")
  [ -f "$folder/go.mod" ] || die "no part '$module'; there are: packages ${MODULES[*]} $PYTHON images mysql ${CONTROLLERS[*]} ${OLDER[*]} ${INGRESSES[*]} ${GITOPS[*]} ${CERTIFIERS[*]} ${LOGINS[*]} $SIGSTORE_JAVA $RUST keycloak"
  to=$(module_bin "$module")
  [ ! -d "$to" ] || { note "$(module_title "$module"):" cached; return; }
  PINS=${folder#"$ROOT"/}/go.mod STEP_LOG=$CACHE/log/$module.log step "building $(module_title "$module")" compile "$module" "$to"
}

# Into a folder beside, then renamed: what is in the cache is whole.
compile() {
  local module=$1 to=$2 fresh=$CACHE/bin/.fresh-$1
  command -v go >/dev/null ||
    { echo "the rig's programs are built from Go modules: install Go $(wanted_go)"; return 1; }
  rm -rf "$fresh"
  mkdir -p "$fresh"
  cd "$(module_folder "$module")" || return
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false'
  [[ " ${LOGINS[*]} " != *" $module "* ]] || CGO_ENABLED=1
  if [ "$module" = gateway-api ]; then keep_definitions "$fresh/$module" config/crd/standard; mv "$fresh" "$to"; return; fi
  go build -trimpath -tags "$(tags_of "$module")" -ldflags "$(linker_flags "$module")" \
    -o "$fresh/" "$(packages_of "$module")"
  [ "$module" != traefik ] ||
    keep_definitions "$fresh/definitions" docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml
  [[ " ${CONTROLLERS[*]} " != *" $module "* ]] || keep_manifests "$module" "$fresh"
  [ "$module" != cert-manager ] || keep_definitions "$fresh/definitions" deploy/crds
  if [ "$module" = flux ]; then
    keep_definitions "$fresh/definitions" config/crd/bases
    keep_definitions "$fresh/definitions" config/crd/bases github.com/fluxcd/source-controller
  fi
  mv "$fresh" "$to"
}

# A controller's manifests lie in its module: they are kept beside the program that they start.
keep_manifests() {
  local source
  source=$(go list -m -f '{{.Dir}}' "$(module_main "$1")")/config
  mkdir "$2/config"
  cp "$source"/*.yaml "$2/config"
  chmod -R u+w "$2/config"
}

# Custom resources of the module that a folder is there for, or of the one named: files or a folder of them.
keep_definitions() {
  local main
  main=${3:-$(module_main "$module")}
  go mod download "$main"
  mkdir -p "$1"
  find "$(go list -m -f '{{.Dir}}' "$main")/$2" -name '*.y*ml' -exec install -m 644 -t "$1" {} +
}

# Trillian with the storage and the election that the rig has, and without every cloud's database.
tags_of() { if [ "$1" = sigstore ]; then echo mysql,etcd; fi; }

packages_of() { if grep -q '^tool' "$(module_folder "$1")/go.mod"; then echo tool; else echo ./...; fi; }

# Without a stamp Kubernetes says v0.0.0-master+$Format, and clients' version checks misbehave; Docker's likewise. Helm 3
# then takes every cluster that it does not ask for Kubernetes 1.20.
linker_flags() {
  echo -n '-s -w'
  case $1 in
    kube | kubeadm) stamp_kubernetes "$(module_version "$1")" ;;
    helm3)
      echo -n " -X $(module_main helm3)/pkg/chartutil.k8sVersionMajor=1"
      echo -n " -X $(module_main helm3)/pkg/chartutil.k8sVersionMinor=$(sed -nE 's|^.*k8s.io/client-go v0\.([0-9]+).*|\1|p' \
        "$(module_folder helm3)/go.mod" | head -n 1)"
      ;;
    # Of the module's v2.0.0 comes the engine's 29.
    engine) echo -n " -X $(module_main engine)/dockerversion.Version=29.0.0-$(module_version engine | sed 's/^[^-]*-//')" ;;
    docker)
      echo -n " -X $(module_main docker)/cli/version.Version=$(module_version docker | sed 's/+.*//')"
      echo -n " -X github.com/docker/buildx/version.Version=$(grep -oE 'docker/buildx v[^ ]+' "$(module_folder docker)/go.mod" |
        sed 's/.* //')"
      ;;
  esac
}

stamp_kubernetes() {
  local stamp=k8s.io/component-base/version version=$1
  echo -n " -X $stamp.gitVersion=v$version"
  echo -n " -X $stamp.gitMajor=${version%%.*} -X $stamp.gitMinor=$(cut -d. -f2 <<<"$version")"
  echo -n " -X $stamp.gitCommit=rig -X $stamp.gitTreeState=archive -X $stamp.buildDate=2026-01-01T00:00:00Z"
}

module_folder() {
  local folder
  for folder in "$HERE" "${MODULE_FOLDERS[@]}"; do
    [ ! -f "$folder/$1/go.mod" ] || { echo "$folder/$1"; return; }
  done
  echo "$HERE/$1"
}

module_bin() {
  local hash
  hash=$(cd "$(module_folder "$1")" && find . -type f \( -name '*.go' -o -name 'go.*' \) -print0 | sort -z |
    xargs -0 sha256sum | sha256sum)
  echo "$CACHE/bin/$1-${hash:0:16}"
}

# The module that a folder is there for, as its go.mod names it.
module_main() {
  case $1 in
    kube | kubeadm) echo k8s.io/kubernetes ;;
    dns | kube-dns) echo github.com/coredns/coredns ;;
    engine) echo github.com/moby/moby/v2 ;;
    docker) echo github.com/docker/cli ;;
    kind) echo sigs.k8s.io/kind ;;
    crictl) echo sigs.k8s.io/cri-tools ;;
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    local-path) echo github.com/rancher/local-path-provisioner ;;
    kube-router) echo github.com/cloudnativelabs/kube-router/v2 ;;
    cosign3) echo github.com/sigstore/cosign/v3 ;;
    cosign2) echo github.com/sigstore/cosign/v2 ;;
    sigstore-go | load) echo github.com/sigstore/sigstore-go ;;
    go-tuf) echo github.com/theupdateframework/go-tuf/v2 ;;
    gitsign) echo github.com/sigstore/gitsign ;;
    helm) echo helm.sh/helm/v4 ;;
    helm3) echo helm.sh/helm/v3 ;;
    act) echo github.com/nektos/act ;;
    policy-controller) echo github.com/sigstore/policy-controller ;;
    kyverno) echo github.com/kyverno/kyverno ;;
    gateway-api) echo sigs.k8s.io/gateway-api ;;
    traefik) echo github.com/traefik/traefik/v3 ;;
    flux) echo github.com/fluxcd/kustomize-controller ;;
    cert-manager) echo github.com/cert-manager/cert-manager ;;
    dex) echo github.com/dexidp/dex ;;
  esac
}

module_version() {
  grep -oE "$(module_main "$1") v[0-9][^ ]*" "$(module_folder "$1")/go.mod" | head -n 1 | sed 's/.* v//'
}

module_title() {
  case $1 in
    kube) echo "kubernetes $(module_version kube)" ;;
    dns) echo "coredns $(module_version dns)" ;;
    sigstore) echo 'trillian, rekor, fulcio, ct_server, tsa' ;;
    cosign*) echo "cosign $(module_version "$1")" ;;
    helm*) echo "helm $(module_version "$1")" ;;
    sigstore-go | go-tuf | kube-router | policy-controller | kyverno | act | gateway-api | traefik | cert-manager | dex) echo "$1 $(module_version "$1")" ;;
    gitsign) echo "gitsign $(module_version gitsign)" ;;
    flux) echo "flux's kustomize-controller $(module_version flux), and its source-controller" ;;
    load) echo "load, with sigstore-go $(module_version load)" ;;
    engine) echo "docker's engine, moby $(module_version engine)" ;;
    docker) echo "docker's client, with buildx, $(module_version docker)" ;;
    kubeadm | kube-dns | kind | crictl | etcd | local-path) echo "$1 $(module_version "$1")" ;;
    *) echo "$1" ;;
  esac
}

wanted_go() {
  local folder
  for folder in "$HERE" "${MODULE_FOLDERS[@]}"; do sed -n 's/^go //p' "$folder"/*/go.mod; done | sort -V | tail -n 1
}

# bin NAME: prints where the program is. Both cosigns are called cosign, and both Helms helm; their modules' names tell
# them apart.
rig_bin() {
  local name=${1:?usage: rig bin NAME} module file candidate
  for module in "${MODULES[@]}" "${CONTROLLERS[@]}" "${INGRESSES[@]}" "${GITOPS[@]}" "${CERTIFIERS[@]}" "${LOGINS[@]}"; do
    file=$name
    [ "$name" != "$module" ] || [[ $name != cosign* ]] || file=cosign
    # To tell which build is this tree's takes ten processes: asked only where a build has such a program.
    compgen -G "$CACHE/bin/$module-*/$file" >/dev/null || continue
    candidate=$(module_bin "$module")/$file
    [ ! -x "$candidate" ] || { echo "$candidate"; return; }
  done
  case $name in
    helm3) candidate=$(module_bin helm3)/helm ;;
    "$PYTHON") candidate=$(python_bin)/$name ;;
    # A folder of jars.
    "$SIGSTORE_JAVA") candidate=$(java_bin)/$name ;;
    "$RUST") candidate=$(rust_bin)/$name ;;
    keycloak | kcadm) candidate=$(keycloak_bin)/$name ;;
    *) candidate= ;;
  esac
  [ ! -x "$candidate" ] || { echo "$candidate"; return; }
  command -v "$name" || die "no program '$name' in the cache or on the PATH; 'rig build' makes them"
}
