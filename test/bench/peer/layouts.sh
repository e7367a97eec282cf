#!/usr/bin/env bash
# layouts.sh PROGRAMS IMAGES: OCI layouts under IMAGES: one for each file of the folder PROGRAMS, and the database
#
# Trillian's schema for the database comes by standard input. Programs are laid out as ko does it: a base without a
# shell, IMAGES/base, and one layer with the program alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source test/rig/images/layout.sh
source test/rig/images/recipes.sh

rootfs=$(mktemp -d)
trap 'rm -rf "$rootfs"' EXIT

# The rig's MariaDB with a data directory in which all is there: user, database, tables.
database() {
  local data=$rootfs/database/var/lib/mysql/data
  mkdir "$rootfs/database"
  rootfs_mariadb "$rootfs/database"
  mariadb-install-db --no-defaults --user=root --datadir="$data" --auth-root-authentication-method=socket --skip-test-db >&2
  {
    echo "FLUSH PRIVILEGES;"
    echo "CREATE DATABASE trillian;"
    echo "CREATE USER 'trillian'@'%' IDENTIFIED BY 'trillian';"
    echo "GRANT ALL ON trillian.* TO 'trillian'@'%';"
    echo "USE trillian;"
    cat
  } | mariadbd --no-defaults --user=root --bootstrap --datadir="$data" >&2
  write_layout "$1" "$rootfs/database" "$(config_mariadb)"
}

database "$2/database"

mkdir "$rootfs/base"
bare_system "$rootfs/base"
write_layout "$2/base" "$rootfs/base" "$(jq -cn --arg path "PATH=$IMAGE_PATH" '{Env: [$path], User: "65532:65532"}')"

for program in "$1"/*; do
  name=$(basename "$program")
  install -D -m 755 "$program" "$rootfs/$name/ko-app/$name"
  write_layout "$2/$name" "$rootfs/$name" "$(jq -cn --arg program "/ko-app/$name" '{Entrypoint: [$program]}')" "$2/base"
  rm -r "${rootfs:?}/$name"
done
