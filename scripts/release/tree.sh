#!/usr/bin/env bash
# tree.sh VERSION METADATA FOLDER: the commit with the images' digests, its tag, and the files of the release
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1 metadata=$2 folder=$3
release() { bash scripts/with-node.sh node scripts/release/main.ts "$@"; }

release pin "$version" "$metadata"
release render "$version" "$folder"
bot='github-actions[bot]'
git -c "user.name=$bot" -c "user.email=41898282+$bot@users.noreply.github.com" \
  commit --quiet --message "release: $version, with its images' digests" -- manifests
git tag "v$version"
