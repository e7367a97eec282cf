#!/usr/bin/env bash
# with-node.sh COMMAND...: run a command with the pinned Node 24 and the project's tools first on PATH
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case $(uname -m) in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) arch=none ;; esac
pinned=$root/node_modules/node-linux-$arch/bin
# Elsewhere (macOS) the machine's own Node serves, if it is new enough.
if [ ! -x "$pinned/node" ] && ! node -e '
  const [major, minor] = process.versions.node.split(".");
  process.exit(major > 24 || (major == 24 && minor >= 5) ? 0 : 1)' 2>/dev/null; then
  echo "sigstand: Node 24 is not here: run 'npm ci' (Linux), or install Node 24.5 or newer" >&2
  exit 1
fi
export PATH="$pinned:$root/node_modules/.bin:$PATH"
exec "$@"
