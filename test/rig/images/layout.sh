# shellcheck shell=bash
# OCI images written with tar and jq: the same files give the same bytes, so the same digests.

# write_layout OUT ROOTFS CONFIG [BASE]: an OCI layout at OUT with ROOTFS as one layer on top of the layout BASE.
# CONFIG is the image configuration's "config" (Entrypoint, Env, User ...); what it leaves out is BASE's.
write_layout() {
  local out=$1 rootfs=$2 config=$3 base=${4:-} manifest='{"layers":[]}' image='{"config":{},"rootfs":{"diff_ids":[]}}'
  local work layer diff
  work=$(mktemp -d "$out.XXXXXX")
  mkdir -p "$work/blobs/sha256"
  if [ -n "$base" ]; then
    manifest=$(base_blob "$base" "$(jq -r '.manifests[0].digest' "$base/index.json")")
    image=$(base_blob "$base" "$(jq -r .config.digest <<<"$manifest")")
    ln "$base"/blobs/sha256/* "$work/blobs/sha256/" 2>/dev/null || cp "$base"/blobs/sha256/* "$work/blobs/sha256/"
  fi

  pack "$rootfs" >"$work/layer.tar"
  diff=sha256:$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  layer=$(gzip -n -5 <"$work/layer.tar" | put "$work" application/vnd.oci.image.layer.v1.tar+gzip)
  rm "$work/layer.tar"
  image=$(jq -cn --argjson base "$image" --argjson config "$config" --arg diff "$diff" '{
    architecture: "amd64", os: "linux", created: "1970-01-01T00:00:00Z",
    config: ($base.config + $config), rootfs: {type: "layers", diff_ids: ($base.rootfs.diff_ids + [$diff])},
    history: (($base.history // []) + [{created: "1970-01-01T00:00:00Z", created_by: "layout.sh"}])}' |
    put "$work" application/vnd.oci.image.config.v1+json)
  manifest=$(jq -cn --argjson base "$manifest" --argjson config "$image" --argjson layer "$layer" '{
    schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: $config, layers: ($base.layers + [$layer])}' |
    put "$work" application/vnd.oci.image.manifest.v1+json)

  jq -cn --argjson manifest "$manifest" '{schemaVersion: 2, manifests: [$manifest]}' >"$work/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$work/oci-layout"
  chmod 755 "$work"
  mv -T "$work" "$out"
}

pack() {
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=pax \
    --pax-option=delete=atime,delete=ctime --create --directory "$1" .
}

# put LAYOUT TYPE: stores standard input as a blob and prints its descriptor.
put() {
  local blob=$1/blobs/sha256/incoming digest
  cat >"$blob"
  digest=$(sha256sum "$blob" | cut -d' ' -f1)
  mv "$blob" "$1/blobs/sha256/$digest"
  jq -cn --arg type "$2" --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$1/blobs/sha256/$digest")" \
    '{mediaType: $type, digest: $digest, size: $size}'
}

base_blob() { cat "$1/blobs/sha256/${2#sha256:}"; }
