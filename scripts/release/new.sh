#!/usr/bin/env bash
# new.sh VERSION: whether this version can be released from this tree; says all that stands against it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=${1:?usage: new.sh VERSION}

failed=0
refuse() { echo "sigstand: $*" >&2; failed=1; }

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$ ]] || refuse "'$version' is no version"
own=$(jq -r .version package.json)
[ "$version" = "$own" ] || refuse "package.json is of version $own, not $version"
[ -n "$(bash scripts/release/notes.sh "$version")" ] || refuse "CHANGELOG.md has no section '## $version'"
[ -z "$(git status --porcelain)" ] || refuse 'the tree has changes that are not committed'
# A tag is never moved: whoever pinned it has pinned what it was.
there=$(git ls-remote --tags origin "refs/tags/v$version") || refuse 'the tags of origin cannot be read'
[ -z "${there:-}" ] || refuse "the tag v$version is there already"
exit $failed
