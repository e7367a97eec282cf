#!/usr/bin/env bash
# npm stop: takes down what npm start made
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

case $(cluster) in
  rig) test/rig/rig down ;;
  kind) kind delete cluster --name sigstand ;;
  current) k delete -f "$OUT/manifests" --ignore-not-found --timeout=5m ;;
  *) echo 'sigstand: nothing was started from here'; exit 0 ;;
esac
rm -rf "$OUT"
echo 'sigstand: gone'
