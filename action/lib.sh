# shellcheck shell=bash disable=SC2034
# What the action's parts share: where its state is, how it speaks to the job, and root only where it must be.

ACTION=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export SIGSTAND_OUT=${SIGSTAND_OUT:-${RUNNER_TEMP:-/tmp}/sigstand}
# The kind cluster's name, where the job's cluster is one.
if [ -e "$SIGSTAND_OUT/kind" ]; then
  SIGSTAND_KIND=$(cat "$SIGSTAND_OUT/kind")
  export SIGSTAND_KIND
fi
# shellcheck source-path=SCRIPTDIR source=../scripts/lib.sh
source "$ACTION/../scripts/lib.sh"

WORKSPACE=${GITHUB_WORKSPACE:-$PWD}
IDENTITY=https://kubernetes.io/namespaces/default/serviceaccounts/default

# Newlines would end the message, and what is behind them could be a command to the runner.
notice() { echo "::notice title=Sigstand::${*//$'\n'/%0A}"; }
refuse() { echo "::error title=Sigstand::${*//$'\n'/%0A}"; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# hosts_entry ADDRESS NAME: what /etc/hosts says of the name from now on; root only where that changes.
HOSTS=${SIGSTAND_HOSTS:-/etc/hosts}
hosts_entry() {
  local kept
  if awk -v a="$1" -v n="$2" '!/^#/ { for (i = 2; i <= NF; i++) if ($i == n) found = found $1 } END { exit found != a }' "$HOSTS"; then
    return 0
  fi
  # Lines that name it and nothing else give way. Written in place: in a container the file is a mount.
  kept=$(awk -v n="$2" '!(NF == 2 && $2 == n)' "$HOSTS")
  printf '%s\n%s %s\n' "$kept" "$1" "$2" | as_root tee "$HOSTS" >/dev/null
}

# The URLs of the services, the same for Pods and for the job: NAMESPACE NAME URL a line, as Knative would name them.
services() {
  cat <<LIST
trillian-system log-server http://log-server.trillian-system.svc
trillian-system log-signer http://log-signer.trillian-system.svc:8090
rekor-system rekor http://rekor.rekor-system.svc
fulcio-system fulcio http://fulcio.fulcio-system.svc
fulcio-system fulcio-grpc http://fulcio.fulcio-system.svc:5554
ctlog-system ctlog http://ctlog.ctlog-system.svc
tsa-system tsa http://tsa.tsa-system.svc
tuf-system tuf http://tuf.tuf-system.svc
default gettoken http://gettoken.default.svc
LIST
}
url_of() { services | awk -v n="$1" '$2 == n { print $3 }'; }
