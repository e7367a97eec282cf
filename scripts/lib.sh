# shellcheck shell=bash disable=SC2034
# What the scripts share: a line per step with its time, and one way to speak to whichever cluster it is.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=${SIGSTAND_OUT:-$ROOT/.sigstand} # what npm start leaves for its user; git ignores it
NAMESPACES=(trillian-system rekor-system fulcio-system ctlog-system tsa-system tuf-system)
OURS=app.kubernetes.io/part-of=sigstand
KIND_NAME=${SIGSTAND_KIND:-sigstand} # the kind cluster's name

# shellcheck source-path=SCRIPTDIR source=fetch.sh
source "$ROOT/scripts/fetch.sh"
# shellcheck source-path=SCRIPTDIR source=causes.sh
source "$ROOT/scripts/causes.sh"
# shellcheck source-path=SCRIPTDIR source=engine.sh
source "$ROOT/scripts/engine.sh"
# shellcheck source-path=SCRIPTDIR source=tools.sh
source "$ROOT/scripts/tools.sh"

die() { echo "sigstand: $*" >&2; exit 1; }

# In microseconds. The bash of macOS knows the second alone.
now() {
  local time=${EPOCHREALTIME:-$(date +%s).000000}
  echo "${time/[.,]/}"
}

seconds_since() {
  local tenths=$((($(now) - $1) / 100000))
  echo "$((tenths / 10)).$((tenths % 10)) s"
}

# step TITLE COMMAND...: a tick and the time. On failure the pin of the file PINS that is gone, or the cause where it is
# known, or else the end of what COMMAND printed, and out. What COMMAND writes to 3 is read at once.
step() {
  local title=$1 started before pin cause log=${OUT#"$ROOT"/}/log; shift
  touch "$OUT/log"
  before=$(wc -l <"$OUT/log")
  started=$(now)
  if [ -t 1 ]; then printf '  … %s\r' "$title"; fi
  if ! ("$@") 3>&1 >>"$OUT/log" 2>&1; then
    printf '  ✗ %-46s %8s\n' "$title" "$(seconds_since "$started")"
    if [ -n "${PINS:-}" ] && pin=$(tail -n "+$((before + 1))" "$OUT/log" | gone_pin); then
      die "$PINS names $pin; the whole log is $log"
    fi
    if cause=$(tail -n "+$((before + 1))" "$OUT/log" | cause_in); then die "$title: $cause; the whole log is $log"; fi
    tail -n 30 "$OUT/log" >&2
    die "$title failed; the whole log is $log"
  fi
  printf '  ✔ %-46s %8s\n' "$title" "$(seconds_since "$started")"
}

# What npm start made, a line each: `rig NAME`, `kind NAME`, `whole NAME` once that came up, `folder`, `trust`. Where the file is, the folder's other names are ours, too.
note_made() { made "$@" || echo "$*" >>"$OUT/made"; }
made() { grep -qxs -- "$*" "$OUT/made"; }
OUT_NAMES=(cluster registry kubeconfig manifests log applied env root.json made.json)

# Takes the folder, where nothing in it would be lost.
claim_out() {
  local name new=''
  [ -d "$OUT" ] || new=folder
  mkdir -p "$OUT"
  [ ! -e "$OUT/made" ] || return 0
  for name in "${OUT_NAMES[@]}"; do
    [ ! -e "$OUT/$name" ] || die "$OUT has $name, which this npm start did not make: remove it, or name another folder by SIGSTAND_OUT"
  done
  : >"$OUT/made"
  [ -z "$new" ] || note_made "$new"
  [ -e "$OUT/trust" ] || note_made trust
}

# The cluster that npm start chose: rig, kind or current.
cluster() { cat "$OUT/cluster" 2>/dev/null; }

k() {
  case $(cluster) in
    rig) "$ROOT/test/rig/rig" kubectl "$@" ;;
    '') kubectl "$@" ;; # no stack was started from here
    *) kubectl --kubeconfig "$OUT/kubeconfig" "$@" ;;
  esac
}

# The CLI as it is here: the bundle, made where dist/ is not of these sources.
build_cli() {
  bash "$ROOT/scripts/setup.sh"
  bash "$ROOT/scripts/with-node.sh" node "$ROOT/scripts/build.ts" >/dev/null
}

# cli VERB...: the CLI on the cluster that npm start chose; on kubectl's where none was started from here, and on another
# that is named.
cli() {
  local way=() to=() node=(bash "$ROOT/scripts/with-node.sh" node)
  # The tree of a release has the CLI, and no npm packages: any Node runs it.
  [ -e "$ROOT/node_modules" ] || node=(node)
  case " $* " in
    *' --kubeconfig'* | *' --context'* | *' --store'*) ;;
    *)
      case $(cluster) in
        rig) way=("$ROOT/test/rig/rig" exec --) ;;
        '') ;;
        *) to=(--kubeconfig "$OUT/kubeconfig") ;;
      esac
      ;;
  esac
  ${way[@]+"${way[@]}"} "${node[@]}" "$ROOT/dist/sigstand.cjs" "$@" ${to[@]+"${to[@]}"}
}

# The name that the cluster's own tokens bear as their issuer.
issuer() {
  k get --raw /.well-known/openid-configuration | sed -E 's/.*"issuer":"([^"]+)".*/\1/'
}

# Debian packages that are not there yet, given as PROGRAM:PACKAGE.
need_packages() {
  local entry missing=() log pin
  for entry in "$@"; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || die "install these packages first: ${missing[*]}"
  log=$(debian_install "${missing[@]}" 2>&1) && return
  if pin=$(gone_pin <<<"$log"); then die "${BASH_SOURCE[1]#"$ROOT"/} names $pin"; fi
  echo "$log" >&2
  die "not installed: ${missing[*]}"
}
