# shellcheck shell=bash
# The registries of the world, as this machine sees them: one registry of the rig's answers for each host that a manifest
# names. Its images are not the vendors', so their digests are others: a checkout for this machine names these.

# served_images: NAME:TAG LAYOUT a line.
served_images() {
  local name recipe program
  image_list | while read -r name recipe program; do
    echo "$name $(image_layout "$recipe" "$program")"
  done
  # What our own images stand on, and what the action starts.
  echo "$(base_image) $(image_layout node '')"
  echo "$(registry_image) $(registry_layout)"
}

base_image() { sed -nE 's|.*"docker-image://([^@"]+)@sha256:.*|\1|p' "$ROOT/docker-bake.hcl" | head -n 1; }

registry_image() { sed -nE 's/^REGISTRY_IMAGE=([^@]+)@.*/\1/p' "$ROOT/action/cluster.sh"; }

# Docker's own registry, as Debian has it, where the image's vendor has it.
build_registry() {
  local to
  unpack "$DEBIAN_REGISTRY" usr/bin/docker-registry
  to=$(registry_layout)
  [ -d "$to" ] || STEP_LOG=$CACHE/log/registry.log step 'making the image of a registry' make_image "$to" registry ''
}
registry_layout() {
  keep_as registry "$(debian_folder "$DEBIAN_REGISTRY")" "$(declare -f rootfs_registry config_registry)" "$(cat "$HERE"/images/*.sh)"
}
rootfs_registry() {
  bare_system "$1"
  add_program "$1" "$(debian_folder "$DEBIAN_REGISTRY")/docker-registry" /bin/registry
  mkdir -p "$1/etc/docker/registry" "$1/var/lib/registry"
  printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: ":5000"}\n' \
    >"$1/etc/docker/registry/config.yml"
}
config_registry() { jq -cn '{Entrypoint: ["/bin/registry", "serve"], Cmd: ["/etc/docker/registry/config.yml"]}'; }

fill_registry() {
  local name layout
  served_images | while read -r name layout; do push_layout "$layout" "$name"; done
}

# The hosts that images are pulled from; Docker asks its own hub under another name than images bear.
registry_hosts() {
  served_images | sed -nE 's|^([^/ ]*[.][^/ ]*)/.*|\1|p' | sort -u | sed 's/^docker\.io$/registry-1.docker.io/'
}

# ip netns exec lays these two over those of /etc. Nobody answers for other names, and that at once.
name_registries() {
  local host
  for host in $(registry_hosts); do echo "$NODE_IP $host"; done | cat /etc/hosts - >"/etc/netns/$NETNS/hosts"
  echo "nameserver $NODE_IP" >"/etc/netns/$NETNS/resolv.conf"
  in_holder mount --bind "/etc/netns/$NETNS/hosts" /etc/hosts
  in_holder mount --bind "/etc/netns/$NETNS/resolv.conf" /etc/resolv.conf
}

start_registry() {
  start registry "$(rig_bin crane)" registry serve --address "$REGISTRY" --disk "$STATE/registry"
  make_certificate
  mkdir "$STATE/nginx"
  fill <"$KIND_HOME/files/nginx.conf" >"$STATE/nginx.conf"
  start nginx nginx -c "$STATE/nginx.conf"
  until_ok registry 60 in_network curl -fsS "http://$REGISTRY/v2/"
  until_ok nginx 60 in_network curl -fsS --cacert "$STATE/registries.crt" --resolve "registry-1.docker.io:443:$NODE_IP" \
    https://registry-1.docker.io/v2/
  fill_registry
}

# Of all these hosts; the engine trusts it beside what the machine trusts.
make_certificate() {
  local names
  names=$(registry_hosts | sed 's/^/DNS:/' | paste -sd,)
  (umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=registries \
    -addext "subjectAltName=$names" -keyout "$STATE/registries.key" -out "$STATE/registries.crt")
  cat /etc/ssl/certs/ca-certificates.crt "$STATE/registries.crt" >"$STATE/trusted.crt"
}

in_holder() { nsenter --target "$(holder_pid)" --mount --net --pid -- "$@"; }

# checkout FOLDER: what is not committed is in it, too.
machine_checkout() {
  local to=${1:?usage: machine checkout FOLDER} name layout digest edits
  [ ! -e "$to" ] || die "$to is there already"
  mkdir -p "$to"
  to=$(readlink -f "$to")
  cd "$ROOT" || return
  git ls-files -z --cached --others --exclude-standard |
    while read -r -d '' name; do if [ -e "$name" ]; then printf '%s\0' "$name"; fi; done |
    tar --null --files-from - --create | tar --extract --directory "$to"
  # No hard links: a test takes rights away in its checkout, and this one would lose them.
  cp -a node_modules "$to/"
  edits=$(mktemp)
  served_images | while read -r name layout; do
    digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
    echo "s|$name@sha256:[0-9a-f]{64}|$name@$digest|g"
  done >"$edits"
  grep -rlE '@sha256:[0-9a-f]{64}' "$to"/{action,chart,manifests,scripts,docker-bake.hcl} | xargs -r sed -i -E -f "$edits"
  rm "$edits"
}
