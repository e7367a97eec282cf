# shellcheck shell=bash disable=SC2154
# The seven images by a Docker engine: into the engine, or into a registry. images.sh has `jobs` and `tag`.

# docker_images PREFIX ARCHITECTURES [push]
docker_images() {
  case $(engine_builder) in
    bake) bake "$@" ;;
    build) plain_build "$@" ;;
    *) echo 'cause: Docker has no buildx'; return 1 ;;
  esac
}

# What bake takes from the environment is given here: a TAG of somebody's shell would build what nobody loads. An
# attestation makes an index of an image, which not every engine keeps and kind does not load.
bake() {
  local prefix=$1 architectures=$2 to=${3:-load} platforms
  local options=(-f docker-bake.hcl --progress plain --provenance=false --sbom=false)
  # shellcheck disable=SC2086 # They are words.
  platforms=$(printf ',linux/%s' $architectures)
  case $to-$(cat "$OUT/registry" 2>/dev/null) in
    load-*) options+=(--load) ;;
    push-http:*) options+=(--set '*.output=type=registry,registry.insecure=true') ;;
    push-*) options+=(--push) ;;
  esac
  [ -z "${SIGSTAND_BASE:-}" ] || options+=(--set "*.contexts.base=$SIGSTAND_BASE")
  # shellcheck disable=SC2086 # They are words: the CLI's image is not for every stack.
  TAG=$tag REGISTRY=$prefix PLATFORMS=${platforms#,} REVISION='' SOURCE_DATE_EPOCH=0 docker buildx bake "${options[@]}" $jobs
}

# For a BuildKit that knows no named contexts, or a buildx without a matrix: the base stands in the Dockerfile that it
# reads. As for bake, no attestation.
plain_build() {
  local prefix=$1 architectures=$2 to=${3:-load} job base=${SIGSTAND_BASE:-}
  if [ "${architectures% }" != "$(engine_architecture)" ]; then
    echo "cause: the nodes are ${architectures% }, this engine builds for $(engine_architecture) alone: Docker 23 or newer with buildx 0.11 or newer builds for others"
    return 1
  fi
  [ -n "$base" ] || base=$(sed -nE 's/^ *base = "(.*)"$/\1/p' docker-bake.hcl)
  for job in $jobs; do
    sed "s#^FROM base AS#FROM ${base#docker-image://} AS#" scripts/Dockerfile |
      DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --progress plain --build-arg "JOB=$job" --build-arg SOURCE_DATE_EPOCH=0 \
        -t "$prefix/$job:$tag" -f - . || return
    [ "$to" = load ] || docker push "$prefix/$job:$tag" || return
  done
}
