#!/usr/bin/env bash
# own-cache.sh: the rig's cache in a place that the runner's user and root both write
set -euo pipefail
sudo install -d -o "$(id -u)" -g "$(id -g)" "$SIGSTAND_CACHE"
