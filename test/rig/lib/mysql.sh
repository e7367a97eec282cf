# shellcheck shell=bash
# MySQL's server, which no release of Debian has: the packages of the suite that has it, in the cache and never installed.

MYSQL_SUITE=sid
MYSQL_PACKAGES=(mysql-server-core mysql-client-core)
# The oldest that the tests have run with.
MYSQL_OLDEST=9.7

# The suite moves on: what the cache has stays, until somebody deletes it there.
build_mysql() {
  local to fresh=$CACHE/bin/.fresh-mysql found
  to=$(mysql_packages)
  if [ -d "$to" ]; then
    note "MySQL $(mysql_version "$to"):" cached
  else
    PINS=test/rig/lib/mysql.sh STEP_LOG=$CACHE/log/mysql.log step "fetching MySQL from Debian's $MYSQL_SUITE" fetch_mysql "$fresh"
    found=$(mysql_version "$fresh")
    dpkg --compare-versions "$found" ge "$MYSQL_OLDEST" ||
      die "$MYSQL_PACKAGES of Debian's $MYSQL_SUITE is $found, and the rig needs $MYSQL_OLDEST or newer (test/rig/lib/mysql.sh)"
    mv "$fresh" "$to"
    note MySQL: "$found"
  fi
  STEP_LOG=$CACHE/log/images.log build_image rig/mysql mysql ''
}

# fetch_mysql FOLDER: the packages, and a list of them. All that apt knows for it lies in there: the machine's own sources,
# lists and packages stay as they are.
fetch_mysql() {
  local to=$1 package
  rm -rf "$to"
  mkdir -p "$to"/apt/{lists,archives}/partial
  touch "$to/apt/status"
  debian_source "$MYSQL_SUITE" >"$to/apt/sources.list"
  debian_apart "$to/apt" update
  debian_apart "$to/apt" install --download-only "${MYSQL_PACKAGES[@]}"
  mv "$to"/apt/archives/*.deb "$to"
  rm -r "$to/apt"
  for package in "$to"/*.deb; do dpkg-deb --show "$package"; done >"$to/packages"
}

# A line for apt: the mirror from which the machine has its own release, and another suite of it.
debian_source() {
  local own mirror
  own=$(sed -n 's/^VERSION_CODENAME=//p' "${OS_RELEASE:-/etc/os-release}")
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    mawk -v own="$own" '$2 == own && $3 == "main" && !found++ { print $1 }')
  [ -n "$mirror" ] || { echo "E: no source of apt has main of Debian's ${own:-own release}" >&2; return 1; }
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg target=Packages] $mirror $1 main"
}

# debian_apart FOLDER ARGS...: apt-get, with that folder's sources.list, and without what the machine has.
debian_apart() {
  local folder=$1; shift
  debian -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$folder/lists" \
    -o Dir::State::Status="$folder/status" -o Dir::Cache="$folder" -o Acquire::Languages=none -o APT::Sandbox::User=root \
    -o APT::Update::Error-Mode=any "$@"
}

mysql_packages() {
  local hash
  hash=$(sha256sum <"$HERE/lib/mysql.sh")
  echo "$CACHE/bin/mysql-${hash:0:16}"
}

# As Debian numbers it.
mysql_version() { sed -n "s/^$MYSQL_PACKAGES\t//p" "$1/packages"; }
