# shellcheck shell=bash
# Why a step failed, where what its programs printed tells: one line, and what to do.

again='and run npm start again: it goes on'

# cause_in: reads the log of a step, and prints its cause; status 1 where none is known.
cause_in() {
  local log pattern advice own
  log=$(cat)
  own=$(sed -n 's/^cause: //p' <<<"$log" | tail -n 1)
  if [ -n "$own" ]; then echo "$own"; return; fi
  # Whoever is cut off from an engine has many words for it.
  if [ "$(cluster)" = kind ] && [ "$(engine)" = silent ]; then echo "Docker does not answer any more: start it, $again"; return; fi
  while IFS='=' read -r pattern advice; do
    if grep -qiE -- "$pattern" <<<"$log"; then echo "$advice"; return; fi
  done <<<"$(known_causes)"
  return 1
}

# PATTERN=ADVICE a line; the first that fits is the cause, and what is below it may be a consequence.
known_causes() {
  cat <<CAUSES
no space left on device|disk quota exceeded=the disk is full (df -h, docker system df): free some of it, $again
permission denied.*docker\\.sock|docker\\.sock.*permission denied=Docker refuses this user: add it to the group docker, or be root
cannot connect to the docker daemon|is the docker daemon running|error during connect=Docker does not answer any more: start it, $again
port is already allocated|address already in use=a port is in use, and the log names it (docker ps, ss -ltn): free it, $again
toomanyrequests|rate limit=the registry lets nobody through for now: log in there, or wait, $again
server gave HTTP response to HTTPS client=the registry speaks plain HTTP: give it as --registry http://PREFIX
exec format error=these images are for another architecture than this machine: its builder needs QEMU (binfmt)
denied: |unauthorized: |insufficient_scope|no basic auth credentials|40[13] (forbidden|unauthorized)=the registry refuses: log in there (docker login, buildah login) as somebody who may, $again
x509: =a certificate is not one that this machine trusts, and the log names whose
failed to init node with kubeadm|could not find a log line that matches=the node did not start: kind.sigs.k8s.io/docs/user/known-issues names what kind needs
no such host|i/o timeout|network is unreachable|temporary failure in name resolution|connection refused|tls handshake timeout=no network: what the log names cannot be reached; mend that, $again
CAUSES
}
