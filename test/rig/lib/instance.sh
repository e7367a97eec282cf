# shellcheck shell=bash
# shellcheck disable=SC2034
# Names and places of one instance. Two instances share nothing but the cache.

ROOT=$(cd "$HERE/../.." && pwd)
CACHE=${SIGSTAND_CACHE:-$HOME/.cache/sigstand}
INSTANCE=${RIG:-sigstand}
[[ $INSTANCE =~ ^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$ ]] ||
  die "RIG=$INSTANCE: a name is lower case letters, digits and -"

NETNS=sigstand
[ "$INSTANCE" = sigstand ] || NETNS=sigstand-$INSTANCE
STATE=/var/lib/sigstand/$INSTANCE
RUN=/run/sigstand/$INSTANCE
CGROUP=/sigstand/$INSTANCE
KUBECONFIG_ADMIN=$STATE/pki/admin.kubeconfig

# The same in every instance: each has a network of its own.
NODE=rig
NODE_IP=10.200.0.1
DNS_IP=10.96.0.10
API_IP=10.96.0.1
REGISTRY=$NODE_IP:5000
API=https://$NODE_IP:6443

# Everything of an instance runs under one process, the holder, which is pid 1 of a pid namespace and whose program
# lies in the instance's own folder: that path finds it, so no recycled pid can be taken for it.
HOLDER=$STATE/holder

holder_pid() {
  local found
  # Where it was seen last: to look through all of /proc takes fifty times as long.
  if read -r found 2>/dev/null <"$RUN/holder" && [ "/proc/$found/exe" -ef "$HOLDER" ]; then
    echo "$found"
    return
  fi
  found=$(find /proc -maxdepth 2 -name exe \( -lname "$HOLDER" -o -lname "$HOLDER (deleted)" \) -print -quit \
    2>/dev/null) || true
  [ -n "$found" ] || return 1
  found=${found%/exe}
  [ ! -w "$RUN" ] || echo "${found##*/}" >"$RUN/holder"
  echo "${found##*/}"
}

# What is on its way to become the holder: no longer in the process group of up, and not yet of that path. The newest,
# since the others are its parents, which end with it.
starting_pid() { pgrep --newest --full "/lib/hold\.sh $STATE "; }

# The holder, else what is to become it, else what has become it between the two looks.
root_pid() { holder_pid || starting_pid || holder_pid; }

running() { [ -e "$RUN/complete" ] && holder_pid >/dev/null && [ -z "$(dead_daemons)" ]; }

need_root() { [ "$(id -u)" -eq 0 ] || die "'$1' needs root: it makes namespaces and mounts"; }

need_running() {
  { [ -e "$RUN/complete" ] && holder_pid >/dev/null; } || die "instance $INSTANCE does not run; start it with 'rig up'"
}

# One up or down at a time, over all instances: they share a few folders of the system.
# The lock is on a folder that is always there, so that nothing is left behind.
lock_machine() {
  [ -n "$(cgroup_hierarchies)" ] || die "no cgroups to be seen here: run this outside 'rig exec'"
  exec 9</run
  flock --timeout 600 9 || die 'another rig up or rig down has not ended for ten minutes'
}
