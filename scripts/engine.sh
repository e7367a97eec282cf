# shellcheck shell=bash
# The Docker engine: whether it answers, and what it can.

# Nodes and what runs on them are for the engine's own processor, whatever somebody's shell has for other work.
unset DOCKER_DEFAULT_PLATFORM

# engine: `answers`, or why not: `absent`, `podman`, `refuses` this user, `silent`.
engine() {
  local said
  command -v docker >/dev/null || { echo absent; return; }
  case $(docker --version 2>&1) in *[Pp]odman*) echo podman; return ;; esac
  if said=$(in_time 20 docker info 2>&1); then
    echo answers
  elif grep -qi 'permission denied' <<<"$said"; then
    echo refuses
  else
    echo silent
  fi
}

# in_time SECONDS COMMAND...: ends it when its time is over; macOS has no `timeout`.
in_time() {
  local tenths=$(($1 * 10)) work; shift
  "$@" &
  work=$!
  while kill -0 "$work" 2>/dev/null; do
    [ "$tenths" -gt 0 ] || { kill "$work"; break; }
    tenths=$((tenths - 1))
    sleep 0.1
  done
  wait "$work"
}

engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
client_version() { docker version --format '{{.Client.Version}}' 2>/dev/null; }
# As images name it: amd64, arm64.
engine_architecture() { docker version --format '{{.Server.Arch}}' 2>/dev/null; }

# What builds the images with this engine: `bake`, or `docker build` where its BuildKit knows no named contexts (before
# 23), buildx no matrix (before 0.11; Docker 23 came with 0.10) or the client has a BuildKit of its own and no buildx;
# status 1 where it takes buildx, and there is none.
engine_builder() {
  local engine client buildx
  engine=$(engine_version) client=$(client_version)
  if buildx=$(docker buildx version 2>/dev/null); then
    buildx=$(sed -nE 's/^[^ ]+ v?([0-9]+\.[0-9.]+).*/\1/p' <<<"$buildx")
    if at_least 23.0.0 "$engine" && at_least 0.11.0 "${buildx:-0.11.0}"; then echo bake; else echo build; fi
  elif at_least 23.0.0 "$client"; then
    return 1
  else
    echo build
  fi
}
