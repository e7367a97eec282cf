#!/usr/bin/env bash
# lint.sh: actionlint and zizmor read the workflows and the action; LINT=no leaves them out
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/fetch.sh
cache=${SIGSTAND_CACHE:-$HOME/.cache/sigstand}/bin

# The programs are made once of what pins them, and kept beside the rig's.
program() {
  local name=$1 pins=scripts/lint/$2 make=$3 hash to fresh log pin
  hash=$(cat scripts/lint/go.* "$pins" | sha256sum)
  to=$cache/$name-${hash:0:16}
  if [ ! -x "$to/bin/$name" ]; then
    echo "sigstand: making $name, once" >&2
    mkdir -p "$cache"
    fresh=$(mktemp -d "$cache/.fresh-$name-XXXXXX")
    if ! log=$("$make" "$fresh" 2>&1); then
      rm -rf "$fresh"
      if pin=$(gone_pin <<<"$log"); then log="$pins names $pin"; fi
      echo "sigstand: $log" >&2
      return 1
    fi
    # Two who make it at once make the same.
    if [ -e "$to" ]; then rm -rf "$fresh"; else mv "$fresh" "$to"; fi
  fi
  echo "$to/bin/$name"
}

# shellcheck disable=SC2317 # Called by its name, as the next.
make_actionlint() {
  cd scripts/lint || return
  CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS='-mod=readonly -buildvcs=false' \
    go build -trimpath -ldflags '-s -w' -o "$1/bin/actionlint" github.com/rhysd/actionlint/cmd/actionlint
}

# shellcheck disable=SC2317
make_zizmor() {
  python3 -m pip install --disable-pip-version-check --root-user-action ignore --require-hashes --no-deps \
    --only-binary :all: --target "$1" --requirement scripts/lint/requirements.txt
}

[ "${LINT:-}" != no ] || { echo 'sigstand: the workflows are not checked, by LINT=no'; exit 0; }
for needed in go python3; do
  command -v "$needed" >/dev/null || {
    echo "sigstand: the workflows are checked by programs that need $needed: install it, or leave them out by LINT=no" >&2
    exit 1
  }
done

failed=0
actionlint=$(program actionlint go.mod make_actionlint)
zizmor=$(program zizmor requirements.txt make_zizmor)
"$actionlint" || failed=1
# Offline: what it would ask GitHub is which tag a commit has; test/workflows.test.ts holds what it can.
said=$("$zizmor" --offline --quiet --strict-collection --persona pedantic . 2>&1) || { echo "$said"; failed=1; }
exit $failed
