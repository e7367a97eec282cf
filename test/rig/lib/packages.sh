# shellcheck shell=bash
# Debian's packages that the rig runs on. What the machine has already, from wherever, is left as it is.

PROGRAMS=(
  etcd:etcd-server containerd:containerd runc:runc /usr/lib/cni/ptp:containernetworking-plugins
  iptables:iptables conntrack:conntrack ip:iproute2 nsenter:util-linux pgrep:procps openssl:openssl curl:curl jq:jq
  mariadbd:mariadb-server-core mariadb:mariadb-client-core mariadb-admin:mariadb-client nginx:nginx
)

missing_packages() {
  local entry
  for entry in "${PROGRAMS[@]}"; do
    command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
  done
}

build_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || { note "Debian packages:" there; return; }
  [ "$(id -u)" -eq 0 ] || die "missing Debian packages: ${missing[*]}"
  step "installing ${#missing[@]} Debian packages" install_packages "${missing[@]}"
}

install_packages() {
  echo "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  keep_services_still
  # Without lists, or with old ones, the first try fails.
  debian install "$@" || { debian update && debian install "$@"; }
  [ ! -d /run/systemd/system ] || disable_services_of "$@"
}

debian() { apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends "$@"; }

# The rig starts its own daemons; a package's service must not start by itself.
keep_services_still() {
  local policy=/usr/sbin/policy-rc.d
  [ ! -e $policy ] || return 0
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

disable_services_of() {
  local package
  for package in "$@"; do
    case $package in
      etcd-server) systemctl disable etcd ;;
      containerd | nginx) systemctl disable "$package" ;;
    esac
  done
}
