# All of them:       npm run build && docker buildx bake
# One of them:       docker buildx bake createtuf
# Into the registry: docker buildx bake --push
# The same bytes in every build, where BuildKit is 0.13 or newer and not the engine's own:
#                    docker buildx bake --set '*.output=type=registry,rewrite-timestamp=true'
#
# A step runs the image's own Node. For a platform that is not the builder's, the builder must emulate it (QEMU, binfmt).

variable "TAG" {
  default = "0.1.0"
}

variable "REGISTRY" {
  default = "ghcr.io/sigstand"
}

# For the local engine alone: PLATFORMS=linux/amd64 docker buildx bake --load
variable "PLATFORMS" {
  default = "linux/amd64,linux/arm64"
}

variable "REVISION" {
  default = ""
}

# The time that an image says it was made at, in seconds; with none, each build has another one.
variable "SOURCE_DATE_EPOCH" {
  default = "0"
}

group "default" {
  targets = ["job"]
}

# One of the seven Jobs each; and the CLI, which runs where the chart's status is enabled.
target "job" {
  name = job
  matrix = {
    job = [
      "createtree",
      "createsecret",
      "createcerts",
      "createctconfig",
      "createcertchain",
      "copysecrets",
      "createtuf",
      "sigstand",
    ]
  }
  dockerfile = "scripts/Dockerfile"
  contexts = {
    base = "docker-image://gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a"
  }
  args = {
    JOB               = job
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
  tags      = ["${REGISTRY}/${job}:${TAG}"]
  platforms = split(",", PLATFORMS)
  attest = [
    "type=sbom,generator=docker.io/docker/buildkit-syft-scanner:1.12.0@sha256:ae4f3b554449e7e25548e7d8ccc029d17357348e30c6e3df01b92bc93654d6a9",
    "type=provenance,mode=max",
  ]
  labels = {
    "org.opencontainers.image.title"       = job
    "org.opencontainers.image.description" = "One program of Sigstand, a private Sigstore on Kubernetes"
    "org.opencontainers.image.source"      = "https://github.com/sigstand/sigstand"
    "org.opencontainers.image.version"     = TAG
    "org.opencontainers.image.revision"    = REVISION
    "org.opencontainers.image.licenses"    = "Apache-2.0"
  }
}
