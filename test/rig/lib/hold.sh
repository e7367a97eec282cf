#!/usr/bin/env bash
# hold.sh STATE PLACE...: pid 1 of an instance. Lays the instance's own copies over each PLACE, then becomes the holder.
set -o errexit -o nounset -o pipefail

state=$1; shift
for place; do
  own=$state/own$place
  if [ -d "$place" ]; then
    mkdir -p "$own"
  elif [ -e "$place" ]; then
    mkdir -p "$(dirname "$own")"
    cat "$place" >"$own"
  else
    continue
  fi
  mount --bind "$own" "$place"
done
exec "$state/holder"
