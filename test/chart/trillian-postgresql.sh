#!/usr/bin/env bash
# trillian-postgresql.sh: Debian's PostgreSQL, and Trillian's servers that can use one, as images of a running rig
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=../rig/images/layout.sh
source "$PWD/test/rig/images/layout.sh"
# shellcheck source=../rig/images/recipes.sh
source "$PWD/test/rig/images/recipes.sh"
# shellcheck source=../rig/lib/packages.sh
source "$PWD/test/rig/lib/packages.sh"
# shellcheck source=../../scripts/fetch.sh
source "$PWD/scripts/fetch.sh"
# Its own cluster, which the package makes, is nobody's.
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || (install_packages postgresql)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(
  cd test/rig/sigstore
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false'
  go build -trimpath -tags mysql,etcd,postgresql -ldflags '-s -w' -o "$work/" \
    github.com/google/trillian/cmd/trillian_log_server github.com/google/trillian/cmd/trillian_log_signer
)
for program in trillian_log_server trillian_log_signer; do
  bare_system "$work/root-$program"
  install -D "$work/$program" "$work/root-$program/usr/local/bin/$program"
  write_layout "$work/layout-$program" "$work/root-$program" "$(config_go "$program")"
  test/rig/rig load "$work/layout-$program" "ghcr.io/rig/$program:postgresql"
done
