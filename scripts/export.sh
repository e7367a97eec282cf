#!/usr/bin/env bash
# npm run export [-- --to FOLDER]: what clients need to trust the stack that runs, as files; --help lists the flags
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
case $OUT in /*) ;; *) OUT=$PWD/$OUT ;; esac
build_cli >&2
# npm runs its scripts in the project's folder, and tells where it was called.
[ "${npm_lifecycle_event:-}" != export ] || cd "${INIT_CWD:-.}"
cli export --to "$OUT/trust" "$@"
