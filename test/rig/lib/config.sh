# shellcheck shell=bash
# The daemons' configuration files: those under config/, filled in.

VOLUMES=(1 2 3 4 5 6 7 8)

# fill: the @NAMES@ of a file under config/ become the instance's own.
fill() {
  sed -e "s|@STATE@|$STATE|g" -e "s|@RUN@|$RUN|g" -e "s|@CGROUP@|$CGROUP|g" -e "s|@NETNS@|$NETNS|g" \
    -e "s|@NODE_IP@|$NODE_IP|g" -e "s|@NODE@|$NODE|g" -e "s|@DNS_IP@|$DNS_IP|g" -e "s|@REGISTRY@|$REGISTRY|g"
}

render_config() {
  local file volume
  while read -r file; do
    mkdir -p "$(dirname "$STATE/config/$file")"
    fill <"$HERE/config/$file" >"$STATE/config/$file"
  done < <(cd "$HERE/config" && find . -type f)
  for volume in "${VOLUMES[@]}"; do
    mkdir -p "$STATE/volumes/$volume"
    printf -- '---\n' >>"$STATE/config/base.yaml"
    fill <"$HERE/config/volume.yaml" | sed "s|@VOLUME@|$volume|g" >>"$STATE/config/base.yaml"
  done
}
