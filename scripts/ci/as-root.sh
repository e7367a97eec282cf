#!/usr/bin/env bash
# as-root.sh COMMAND...: as root, which the rig needs, with this job's programs and variables; no password is asked for
set -euo pipefail
status=0
sudo --non-interactive --preserve-env HOME=/root PATH="$PATH" "$@" || status=$?
# What root left in the cache and the checkout is for the steps after this one.
sudo --non-interactive chown -R "$(id -u):$(id -g)" "$SIGSTAND_CACHE" .
exit "$status"
