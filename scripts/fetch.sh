# shellcheck shell=bash
# What scripts and rig share of fetching: Debian's packages, and which pin is gone where a client gets nothing.

# Without lists, or with old ones, the first try fails.
debian_install() {
  export DEBIAN_FRONTEND=noninteractive
  debian install "$@" || { debian update && debian install "$@"; }
}

debian() { apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends "$@"; }

UNREACHED='connection refused|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|no such host|i/o timeout|timed out|NewConnectionError'
UNREACHED+='|network is unreachable|Unknown host|Temporary failure (in name resolution|resolving)|GOPROXY=off|Could not connect to'
UNREACHED+='|Could not resolve host'

# gone_pin: reads such a log, and prints the name and version that the client did not get, and why; status 1 where there
# is none.
gone_pin() {
  local log found
  log=$(cat)
  if grep -qiE "$UNREACHED" <<<"$log"; then
    echo 'what a registry serves, and that registry cannot be reached'
    return
  fi
  # The first client to tell has named the cause; what follows in a log are its consequences.
  found=$({ other_bytes; not_served; } | sed -nE -f - <(echo "$log") | head -n 1)
  [ -n "$found" ] && echo "$found"
}

# A client's line, and what it comes down to. go names the module after "verifying", pip the file below a heading, npm
# the package that it was unpacking, cargo the crate in backticks; what Maven fetched the rig holds against its hash.
other_bytes() {
  local served='is served with other bytes than those'
  cat <<SED
s/^(.* )?verifying ([^ ]+@v[^ :/]+)(\/go\.mod)?: checksum mismatch.*/\2, which $served/p
s/^ +([A-Za-z0-9._-]+==[^ ]+) from .*/\1, which $served/p
s/^([^ :]+:[^ ]+) has another SHA-256 than .*/\1, which $served/p
s/^.*npm (error|ERR!) Verification failed while extracting ([^ ]+@[^ :]+):.*/\2, which $served/p
s/^.*npm (error|ERR!) (sha[0-9]+-[^ ]+) integrity checksum failed .*/\2, which $served/p
s/^error: checksum for \`([^ ]+) v([^\`]+)\` changed between lock files.*/\1@\2, which $served/p
s/^ *failed to verify the checksum of \`([^ ]+) v([^ \`]+).*/\1@\2, which $served/p
SED
}

not_served() {
  local gone='which the registry does not serve'
  cat <<SED
s/^(.* )?([^ ]+@v[^ :]+): reading [^ ]+: (403|404|410) .*/\2, $gone/p
s/^(.* )?([^ ]+@v[^ :]+): invalid version: .*/\2, $gone/p
s/^ERROR: No matching distribution found for ([^ ]+==[^ ]+).*/\1, $gone for this machine's Python/p
s/^.*Could not find artifact ([^ :]+:[^ ]+) .*/\1, $gone/p
s/^.*Could not transfer artifact ([^ :]+:[^ ]+) .* (403|410) .*/\1, $gone/p
s/^.*npm (error|ERR!) 404 +(The requested resource )?'([^ ]+@[^ ]+)' .*/\3, $gone/p
s/^.*npm (error|ERR!) notarget No matching version found for ([^ ]+[^ .])\.?( .*)?$/\2, $gone/p
s/^error: no matching package named \`([^\`]+)\` found.*/\1, $gone/p
s/^error: failed to select a version for the requirement \`([^ ]+) .*\` \(locked to ([^)]+)\).*/\1@\2, $gone/p
s/^ *failed to get [^\`]+ from \`[^\`]*\/([^\/\`]+)\/([^\/\`]+)\/download\`.* got (403|404|410)$/\1@\2, $gone/p
s/^E: Unable to locate package ([^ ]+)$/\1, which Debian's lists do not have/p
s/^E: Package '?([^ ']+)'? has no installation candidate$/\1, which Debian's lists do not have/p
s/^.*Depends: ([^ ]+) (\(.*\) )?but it is not installable$/\1, which Debian's lists do not have/p
SED
}
