#!/usr/bin/env bash
# npm stop: takes down what npm start made, and says what it leaves
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

if [ ! -e "$OUT/cluster" ]; then
  echo 'sigstand: nothing was started from here'
  exit 0
fi
[ -e "$OUT/made" ] || die "$OUT does not say what npm start made, so nothing is removed"

case $(cluster) in
  rig) whole=$(sed -n 's/^rig //p' "$OUT/made") ;;
  *) whole=$(grep -xs kind "$OUT/made" || true) ;;
esac
case $(cluster)-$whole in
  rig-?*) RIG=$whole test/rig/rig down ;;
  kind-?*) kind delete cluster --name "$KIND_NAME" ;;
  *)
    bash scripts/with-node.sh node scripts/made/main.ts remove
    echo "sigstand: left the cluster itself, which npm start did not make"
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
