# shellcheck shell=bash
# Keycloak, as its makers pack it, by the hash in keycloak/maven.sha256; in the cache beside the Go programs.

# Its own build, which takes longer than its start, for a database in memory and no second server.
KEYCLOAK_FOR=(--db=dev-mem --cache=local)

build_keycloak() {
  local to
  need_java
  to=$(keycloak_bin)
  [ ! -d "$to" ] || { note "$(keycloak_title):" cached; return; }
  PINS=test/rig/keycloak/maven.sha256 STEP_LOG=$CACHE/log/keycloak.log step "building $(keycloak_title)" install_keycloak "$to"
}

# Into a folder beside, then renamed.
install_keycloak() {
  local to=$1 fresh=$CACHE/bin/.fresh-keycloak
  rm -rf "$fresh"
  maven_fetch "$HERE/keycloak/maven.sha256" "$fresh"
  cd "$fresh" || return
  python3 -m zipfile --extract ./*.zip .
  rm ./*.zip
  mv keycloak-*/* .
  rmdir keycloak-*
  # The modes that the archive has, and Python leaves out.
  chmod +x bin/*.sh
  bin/kc.sh build "${KEYCLOAK_FOR[@]}"
  ln -s bin/kc.sh keycloak
  ln -s bin/kcadm.sh kcadm
  mv "$fresh" "$to"
}

keycloak_bin() {
  local hash
  hash=$({ cat "$HERE/keycloak/maven.sha256"; echo "${KEYCLOAK_FOR[@]}"; } | sha256sum)
  echo "$CACHE/bin/keycloak-${hash:0:16}"
}

keycloak_title() { sed -n 's/.*:keycloak-quarkus-dist:\([^:]*\):.*/keycloak \1/p' "$HERE/keycloak/maven.sha256"; }
