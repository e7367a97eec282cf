#!/usr/bin/env bash
# tree.sh VERSION METADATA FOLDER: the commit with the images' digests, its tag, and the files of the release
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1 metadata=$2 folder=$3
release() { bash scripts/with-node.sh node scripts/release/main.ts "$@"; }

release pin "$version" "$metadata"
# Whoever takes the tag has no npm packages: the action brings the stack up by the CLI.
bash scripts/with-node.sh node packages/sigstand/build.ts dist
git add --force dist/sigstand.cjs
bot='github-actions[bot]'
git -c "user.name=$bot" -c "user.email=41898282+$bot@users.noreply.github.com" \
  commit --quiet --message "release: $version, with its images' digests" -- chart manifests action dist/sigstand.cjs
git tag "v$version"
mkdir -p "$folder"
git archive --format=tar.gz --prefix="sigstand-$version/" --output="$folder/sigstand-$version.tar.gz" "v$version"
release render "$version" "$folder"
