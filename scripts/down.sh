#!/usr/bin/env bash
# npm stop: takes down what npm start made, and says what it leaves
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh
source scripts/cluster.sh

if [ ! -e "$OUT/cluster" ]; then
  echo 'sigstand: nothing was started from here'
  exit 0
fi
[ -e "$OUT/made" ] || die "$OUT does not say what npm start made, so nothing is removed"

# By the name that it was made with, whatever the environment says by then.
whole=$(sed -n "s/^$(cluster) //p" "$OUT/made")
case $(cluster)-$whole in
  rig-?*) RIG=$whole test/rig/rig down ;;
  kind-?*)
    [ "$(engine)" = answers ] || die 'Docker does not answer, and the kind cluster is in it: start it, and run npm stop again'
    need_tool kind
    KIND_NAME=$whole
    delete_kind
    ;;
  *)
    # A start that was refused made nothing there, and came perhaps to no npm packages.
    if [ -e "$OUT/made.json" ]; then
      build_cli
      manifests '*.yaml' | cli down --record "$OUT/made.json" --manifests -
    fi
    if [ -e "$OUT/kubeconfig" ]; then echo "sigstand: left the cluster itself, which npm start did not make"; fi
    ;;
esac

for name in "${OUT_NAMES[@]}"; do rm -rf "${OUT:?}/$name"; done
if made trust; then rm -rf "$OUT/trust"; fi
new=; if made folder; then new=1; fi
rm "$OUT/made"
shopt -s nullglob dotglob
left=("$OUT"/*)
if [ ${#left[@]} -gt 0 ]; then
  echo "sigstand: left in $OUT what npm start did not make: ${left[*]##*/}"
elif [ -n "$new" ]; then
  rmdir "$OUT"
fi
echo 'sigstand: gone'
