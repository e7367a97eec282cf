#!/usr/bin/env bash
# publish.sh VERSION FOLDER: pushes the tag and makes a release of the files, which nobody is told of as the latest yet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1 folder=$2
gh auth setup-git
git push origin "refs/tags/v$version"
bash scripts/release/notes.sh "$version" |
  gh release create "v$version" --verify-tag --prerelease --title "v$version" --notes-file - "$folder"/*
