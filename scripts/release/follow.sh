#!/usr/bin/env bash
# follow.sh PAGE [NAME=VALUE...]: runs the commands of a page as they stand, in a folder of their own; a NAME that the page
# sets gets this VALUE
set -euo pipefail
page=$(cat "${1:?usage: follow.sh PAGE [NAME=VALUE...]}")
shift
commands=$(sed -n 's/^    //p' <<<"$page")
for change in "$@"; do
  name=${change%%=*}
  grep -q "^$name=" <<<"$commands" || { echo "sigstand: the page sets no $name" >&2; exit 64; }
  commands=$(NAME=$name VALUE=$(printf %q "${change#*=}") awk '
    index($0, ENVIRON["NAME"] "=") == 1 { $0 = ENVIRON["NAME"] "=" ENVIRON["VALUE"] } { print }' <<<"$commands")
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
bash -euo pipefail -x -c "$commands"
