# shellcheck shell=bash
# Debian's packages that the rig runs on. What the machine has already, from wherever, is left as it is.

PROGRAMS=(
  etcd:etcd-server containerd:containerd runc:runc /usr/lib/cni/ptp:containernetworking-plugins
  iptables:iptables ipset:ipset conntrack:conntrack ip:iproute2 nsenter:util-linux pgrep:procps openssl:openssl curl:curl jq:jq
  mariadbd:mariadb-server-core mariadb:mariadb-client-core mariadb-admin:mariadb-client nginx:nginx
)

# The oldest that the rig has run with. What is older fails somewhere later, and tells less.
OLDEST=(etcd:3.4 containerd:1.6 runc:1.1 iptables:1.8 openssl:3.0 jq:1.6 mariadbd:10.11 nginx:1.22)

missing_packages() {
  local entry
  for entry in "${PROGRAMS[@]}"; do
    command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
  done
}

build_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -eq 0 ]; then
    note "Debian packages:" there
  else
    [ "$(id -u)" -eq 0 ] || die "missing Debian packages: ${missing[*]}"
    PINS=test/rig/lib/packages.sh step "installing ${#missing[@]} Debian packages" install_packages "${missing[@]}"
  fi
  check_versions
}

# Debian's packages have no pins: each release has its own, and this tells what is another than was tried.
check_versions() {
  local entry program oldest found
  for entry in "${OLDEST[@]}"; do
    program=${entry%%:*} oldest=${entry#*:}
    found=$(version_of "$program") || die "$program does not tell its version"
    printf '%s\n%s\n' "$oldest" "$found" | sort -VC ||
      die "$program here is $found, and the rig needs $oldest or newer (test/rig/lib/packages.sh)"
  done
  found=$(version_of mariadbd)
  oldest=$(cat "$MANIFESTS"/*.yaml | sed -nE 's|.*image: .*/mariadb:([0-9]+\.[0-9]+).*|\1|p' | sort -u | head -n 1)
  [[ $found == "$oldest".* ]] || note "MariaDB here is $found:" "not the $oldest that the manifests name"
}

version_of() {
  local flag=--version
  case $1 in nginx) flag=-v ;; openssl) flag=version ;; esac
  "$1" "$flag" 2>&1 | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1
}

install_packages() {
  echo "installing $*"
  keep_services_still
  debian_install "$@"
  [ ! -d /run/systemd/system ] || disable_services_of "$@"
}

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
