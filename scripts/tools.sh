# shellcheck shell=bash
# kubectl and kind: the user's own, or built once into a folder of ours in the cache, which anybody may write.

CACHE=${SIGSTAND_CACHE:-${HOME:-/tmp}/.cache/sigstand}

# The module that names the version of each, and the program's package in it.
module_of() {
  case $1 in
    kind) echo scripts/kind ;;
    kubectl) echo test/rig/kube ;;
  esac
}
package_of() {
  case $1 in
    kind) echo sigs.k8s.io/kind ;;
    kubectl) echo k8s.io/kubernetes/cmd/kubectl ;;
  esac
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

# Where ours is kept: under a name made of the module's versions.
tool_folder() {
  local module hash
  module=$ROOT/$(module_of "$1")
  hash=$(cat "$module/go.mod" "$module/go.sum" | sha256)
  echo "$CACHE/bin/$1-${hash:0:16}"
}

# Last on the PATH: the user's own comes first.
find_tools() {
  local tool folder
  for tool in kubectl kind; do
    ! command -v "$tool" >/dev/null || continue
    folder=$(tool_folder "$tool")
    [ ! -x "$folder/$tool" ] || PATH=$PATH:$folder
  done
  export PATH
}
find_tools

# need_tool NAME: builds it where it is not there; the preflight has said what that takes.
need_tool() {
  ! command -v "$1" >/dev/null || return 0
  PINS=$(module_of "$1")/go.mod step "$1, built for npm start alone" build_tool "$1"
  find_tools
}

# Into a folder beside, then renamed: what is in the cache is whole.
build_tool() {
  local tool=$1 to fresh
  to=$(tool_folder "$tool")
  fresh=$to.$$
  mkdir -p "$fresh"
  cd "$ROOT/$(module_of "$tool")" || return
  CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false' \
    go build -trimpath -ldflags "$(stamp_of "$tool")" -o "$fresh/$tool" "$(package_of "$tool")" &&
    { mv "$fresh" "$to" || [ -x "$to/$tool" ]; }
}

# Without a stamp kubectl says v0.0.0, and warns of a cluster of another version.
stamp_of() {
  local version minor at=k8s.io/component-base/version
  [ "$1" = kubectl ] || { echo '-s -w'; return; }
  version=$(sed -nE 's/^.*k8s\.io\/kubernetes v([0-9.]+).*/\1/p' "$ROOT/test/rig/kube/go.mod" | head -n 1)
  minor=${version#*.}
  echo "-s -w -X $at.gitVersion=v$version -X $at.gitMajor=${version%%.*} -X $at.gitMinor=${minor%%.*}"
}

# Whether the Go that is here builds a tool, or a module.
go_builds() { go_is_for "$(module_of "$1")"; }
go_is_for() {
  local has
  command -v go >/dev/null || return
  has=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return
  at_least "$(wanted_go "$1")" "${has#go}"
}

wanted_go() { sed -n 's/^go //p' "$ROOT/$1/go.mod"; }

# at_least WANTED HAS, both like 1.25.0
at_least() {
  awk -v wanted="$1" -v has="$2" 'BEGIN {
    split(wanted, w, "."); split(has, h, ".")
    for (i = 1; i <= 3; i++) if (h[i] + 0 != w[i] + 0) exit !(h[i] + 0 > w[i] + 0)
  }'
}
