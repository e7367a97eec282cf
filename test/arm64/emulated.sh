#!/usr/bin/env bash
# emulated.sh COMMAND...: where the kernel starts arm64 programs by QEMU. That is so for COMMAND alone: binfmt_misc belongs
# to a user namespace, and this makes one, in which root's files are root's.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/go"

# It waits until it is told who is who.
inside() {
  read -r _ <"$1"; shift
  exec unshare --mount --propagation slave bash "$0" --inside "$@"
}
if [ "${1:-}" = --inside ]; then
  shift
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  # F: QEMU is opened now, so that it is there behind a chroot as well. An ELF of 64 bits, little endian, for machine 0xb7.
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":qemu-aarch64:M::$magic:$mask:$(command -v qemu-aarch64-static):F" >/proc/sys/fs/binfmt_misc/register
  exec "$@"
fi

unshare --user bash -c "$(declare -f inside); inside \"\$@\"" "$0" "$work/go" "$@" &
child=$!
until [ "$(readlink "/proc/$child/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.02; done
echo '0 0 65536' >"/proc/$child/uid_map"
echo '0 0 65536' >"/proc/$child/gid_map"
echo >"$work/go"
wait "$child"
