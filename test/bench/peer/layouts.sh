#!/usr/bin/env bash
# layouts.sh PROGRAMS IMAGES [database]: OCI layouts under IMAGES: one for each file of the folder PROGRAMS, and the database
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

if [ "${3:-}" = database ]; then database "$2/database"; fi

mkdir "$rootfs/base"
bare_system "$rootfs/base"
write_layout "$2/base" "$rootfs/base" "$(jq -cn --arg path "PATH=$IMAGE_PATH" '{Env: [$path], User: "65532:65532"}')"

for program in "$1"/*; do
  name=$(basename "$program")
  folder=/ko-app key=Entrypoint
  # Rekor v2 is not ko's: its image has no entrypoint, and what the manifests tell it begins with the program's name.
  if [ "$name" = rekor-server ]; then folder=/usr/local/bin key=Cmd; fi
  install -D -m 755 "$program" "$rootfs/$name$folder/$name"
  config=$(jq -cn --arg key "$key" --arg program "$folder/$name" '{($key): [$program]}')
  write_layout "$2/$name" "$rootfs/$name" "$config" "$2/base"
  rm -r "${rootfs:?}/$name"
done
