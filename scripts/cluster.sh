# shellcheck shell=bash
# The clusters that npm start knows: kind where a Docker engine answers, the rig where none does, or the
# one that kubectl speaks to already.

# shellcheck source-path=SCRIPTDIR source=kind.sh
source "$ROOT/scripts/kind.sh"

# choose_cluster CHOICE: what is not on this machine ends it here, before anything is made.
choose_cluster() {
  local choice=$1 before
  before=$(cluster || true)
  # A start that came to nothing binds nobody.
  something_made || before=
  if [ -z "$choice" ]; then
    choice=$before
    [ -n "$choice" ] || choice=$(cluster_that_can_be)
  fi
  [ "$choice" = "${before:-$choice}" ] ||
    die "npm start made a stack on another cluster, $before: npm stop takes it down"
  choose_registry "$choice"
  choose_name "$choice"
  echo "$choice" >"$OUT/cluster"
}

# npm stop takes down one by its name.
choose_name() {
  local named wanted
  named=$(sed -n "s/^$1 //p" "$OUT/made" 2>/dev/null || true)
  case $1 in rig) wanted=${RIG:-sigstand} ;; kind) wanted=$KIND_NAME ;; *) return 0 ;; esac
  [ "${named:-$wanted}" = "$wanted" ] || die "npm start made the $1 $named from here, and not $wanted: npm stop takes it down"
}

something_made() { [ -e "$OUT/made.json" ] || grep -qsE '^(rig|kind)( |$)' "$OUT/made"; }

# The rig needs root on Linux; who has neither that nor an engine is told of both.
cluster_that_can_be() {
  case $(engine) in
    answers) echo kind ;;
    *) if [ "$(uname -s)-$(id -u)" = Linux-0 ]; then echo rig; else echo kind; fi ;;
  esac
}

# well_named PREFIX: as the Kubernetes API takes the name of an image; nothing is well, too.
well_named() {
  # Not by grep, which takes each line for itself.
  local shape='^((http://)?[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)?$'
  [[ $1 =~ $shape ]]
}

# The registry that --registry names, as the stack's first start had it: its images are in what was applied.
choose_registry() {
  local before
  before=$(cat "$OUT/registry" 2>/dev/null || true)
  [ -e "$OUT/made.json" ] || before=${REGISTRY_PREFIX:-}
  [ -z "${REGISTRY_PREFIX:-}" ] || [ "$1" = current ] ||
    die "--registry goes with --cluster current: $1 is given the images without a registry"
  [ "${REGISTRY_PREFIX:-$before}" = "$before" ] ||
    die "npm start made a stack with images of ${before:-ghcr.io/sigstand}: npm stop takes it down"
  REGISTRY_PREFIX=$before
  echo "$before" >"$OUT/registry"
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
    kind) start_kind ;;
    current)
      need_tool kubectl
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

# The manifests as this cluster takes them. The rig serves images by name and tag; a digest names bytes that only their
# registry has. A registry that was given has our images, whose tag may name other bytes tomorrow.
render_manifests() {
  local file
  rm -rf "$OUT/manifests"
  mkdir "$OUT/manifests"
  for file in "${SIGSTAND_MANIFESTS:-manifests}"/*.yaml; do render <"$file" >"$OUT/manifests/${file##*/}"; done
}

render() {
  if by_tag; then sed -E 's/@sha256:[0-9a-f]{64}//'; else cat; fi | from_registry "$(registry_prefix)"
}

# SIGSTAND_BY_TAG: for a cluster whose registry serves other bytes under the same names, such as a mirror's rebuilds.
by_tag() { [ "$(cluster)" = rig ] || [ -n "${SIGSTAND_BY_TAG:-}" ]; }

# from_registry PREFIX: our images from there, by tag: what a release names by digest are other builds
from_registry() {
  if [ -z "$1" ]; then cat; return; fi
  awk -v ours='image: ghcr.io/sigstand/' -v to="$1/" '{
    at = index($0, ours)
    if (!at) { if (!(was && /^ *imagePullPolicy:/)) print; was = 0; next }
    was = 1
    image = substr($0, at + length(ours)); sub(/@sha256:[0-9a-f]+/, "", image)
    print substr($0, 1, at - 1) "image: " to image
    space = substr($0, 1, at - 1); gsub(/[^ ]/, " ", space)
    print space "imagePullPolicy: Always"
  }'
}

# The prefix as images bear it: --registry may have http:// before it.
registry_prefix() { sed 's#^http://##' "$OUT/registry" 2>/dev/null; }

# At the tag of a release the manifests name our images by digest: those are pulled, and no build is like them.
released() {
  local images
  images=$(grep -hE 'image: *ghcr\.io/sigstand/' "${SIGSTAND_MANIFESTS:-manifests}"/*.yaml)
  ! grep -qvE '@sha256:[0-9a-f]{64}$' <<<"$images"
}

# shellcheck disable=SC2086 # It is a pattern.
manifests() { cat "$OUT"/manifests/$1; }
