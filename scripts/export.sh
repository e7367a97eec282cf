#!/usr/bin/env bash
# npm run export [-- --to FOLDER]: what clients need to trust the stack that runs, as files; --help lists the flags
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bash "$here/setup.sh" >&2
exec bash "$here/with-node.sh" node "$here/export/main.ts" "$@"
