import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, inFolder, root, standIn } from './shell.ts';

const folder = join(root, 'test/rig/kube-router/path');

/** What is in the table, and what kube-router wants there: it read the table before kube-proxy changed its part. */
const there = `# Generated
*filter
:INPUT ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-NWPLCY-OLD - [0:0]
:KUBE-POD-FW-SAME - [0:0]
-A INPUT -j KUBE-ROUTER-INPUT
-A KUBE-ROUTER-INPUT -j KUBE-POD-FW-SAME
-A KUBE-POD-FW-SAME -j KUBE-NWPLCY-OLD
COMMIT
`;
const wanted = `*filter
:INPUT ACCEPT [0:0] - [0:0]
:KUBE-SERVICES - [0:0] - [0:0]
:KUBE-ROUTER-INPUT - [0:0] - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0] - [0:0]
:KUBE-POD-FW-SAME - [0:0] - [0:0]
:KUBE-NWPLCY-NEW - [0:0]
-A INPUT -j KUBE-ROUTER-INPUT
-A KUBE-SERVICES -d 10.96.1.1/32 -j REJECT
-A KUBE-ROUTER-INPUT -j KUBE-POD-FW-SAME
-A KUBE-POD-FW-SAME -m comment --comment "of -A KUBE-SERVICES" -j KUBE-NWPLCY-NEW
-I KUBE-POD-FW-SAME 1 -m addrtype --src-type LOCAL -j ACCEPT
COMMIT
`;

describe('what kube-router restores', () => {
  const restore = (args: string, input: string) =>
    inFolder({ there, input }, (place) => {
      standIn(place, 'iptables-save', `[ "$*" = '-t filter' ] && cat '${place}/there'`);
      const PATH = [
        folder,
        standIn(place, 'iptables-restore', `echo "$@"; [ "$1" = --help ] || cat`),
      ].join(delimiter);
      return bash(`iptables-restore ${args} <'${place}/input'`, { env: { PATH } });
    });

  it('is its own chains, without those that it needs no more, and nothing of kube-proxy’s', () => {
    const { status, stdout } = restore('--wait -T filter', wanted);
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '--noflush --wait -T filter',
      '*filter',
      ':KUBE-ROUTER-INPUT - [0:0]',
      ':KUBE-NWPLCY-DEFAULT - [0:0]',
      ':KUBE-POD-FW-SAME - [0:0]',
      ':KUBE-NWPLCY-NEW - [0:0]',
      ':KUBE-NWPLCY-OLD - [0:0]',
      '-A KUBE-ROUTER-INPUT -j KUBE-POD-FW-SAME',
      '-A KUBE-POD-FW-SAME -m comment --comment "of -A KUBE-SERVICES" -j KUBE-NWPLCY-NEW',
      '-I KUBE-POD-FW-SAME 1 -m addrtype --src-type LOCAL -j ACCEPT',
      '-X KUBE-NWPLCY-OLD',
      'COMMIT',
      '',
    ]);
  });

  it('is nothing where it asks what the program can do', () => {
    expect(restore('--help', '').stdout).toBe('--help\n');
  });
});
