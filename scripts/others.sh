# shellcheck shell=bash
# The images of others, which the manifests name: onto the kind node before a Pod wants one.

# As they stand there, rendered: NAME:TAG, and the digest where this cluster takes them by it.
other_images() { images_named | grep -v '/sigstand/'; }
images_named() {
  manifests '*.yaml' | sed -nE "s/^[- ]*image: *[\"']?([^\"' #]+).*/\1/p" | sort -u
}

bring_others() {
  case $(cluster) in
    kind) pull_others ;;
    current) tell_what_is_pulled ;;
  esac
}

# Each once: one that is on the node is not asked for again. A line for each, since a slow network takes minutes.
pull_others() {
  local image images missing='' count=0 all=0
  images=$(other_images)
  for image in $images; do
    all=$((all + 1))
    on_node "$image" || missing+=" $image"
  done
  for image in $missing; do
    count=$((count + 1))
    step "$count of $(wc -w <<<"$missing" | tr -d ' ') images: $(short "$image")" docker exec "$(node_name)" crictl pull "$image"
  done
  [ $count -gt 0 ] || printf '  ✔ %-46s\n' "the $all images of others are on the node"
}

# containerd keeps an image under its tag, or under its digest where it was asked for by one.
on_node() {
  local by_digest there
  by_digest=$(sed -E 's/:[^:@/]+@/@/' <<<"$1")
  # Not by a pipe: grep ends with the first that fits, and what still writes then has failed.
  there=$(docker exec "$(node_name)" ctr -n k8s.io images ls -q)
  grep -Fqx -e "$1" -e "$by_digest" <<<"$there"
}

# The last of its name, and the tag: it has to fit a line.
short() {
  local image=${1%@*}
  echo "${image##*/}"
}

tell_what_is_pulled() {
  [ ! -e "$OUT/made.json" ] || return 0
  echo 'The cluster must be able to pull, by itself:'
  images_named | sed 's/^/  /; s/@.*//'
}
