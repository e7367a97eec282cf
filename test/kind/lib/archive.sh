# shellcheck shell=bash
# An image as one file: both an OCI archive and one of Docker's, so that every engine and containerd load it.

# archive_of LAYOUT NAME:TAG, to standard output
archive_of() {
  local layout=$1 name=$2 work manifest config layers
  work=$(mktemp -d)
  cp -rl "$layout/." "$work" 2>/dev/null || cp -r "$layout/." "$work"
  manifest=$(jq -r '.manifests[0].digest' "$layout/index.json")
  config=$(base_blob "$layout" "$manifest" | jq -r .config.digest)
  layers=$(base_blob "$layout" "$manifest" | jq '[.layers[].digest | "blobs/sha256/" + ltrimstr("sha256:")]')
  # Not in place: these files are the layout's own.
  rm "$work/index.json"
  jq --arg name "$name" '.manifests[0].annotations = {
    "io.containerd.image.name": $name, "org.opencontainers.image.ref.name": ($name | split(":")[-1])}' \
    "$layout/index.json" >"$work/index.json"
  jq -n --arg name "$name" --arg config "blobs/sha256/${config#sha256:}" --argjson layers "$layers" \
    '[{Config: $config, RepoTags: [$name], Layers: $layers}]' >"$work/manifest.json"
  tar -C "$work" -c .
  rm -rf "$work"
}
