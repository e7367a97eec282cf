import type { Machine } from './machine.ts';

/** What a Pod of nobody's must not reach, and what it must: a Service and its port. */
export const flows = {
  closed: ['log-server.trillian-system.svc 8090', 'mysql-trillian.trillian-system.svc 3306'],
  open: ['rekor.rekor-system.svc 80', 'tuf.tuf-system.svc 80'],
};

const probe = `
  const { connect } = require('node:net');
  for (const to of process.argv.slice(1)) {
    const [host, port] = to.split(' ');
    const socket = connect(port, host);
    const say = (what) => () => { console.log(what, to); socket.destroy(); };
    socket.setTimeout(3000).once('connect', say('open')).once('timeout', say('closed')).once('error', say('closed'));
  }`;

/** Those of them that a Pod in `default` reaches. */
async function reached(machine: Machine): Promise<string[]> {
  const run = ['run', 'probe', '--rm', '-i', '--quiet', '--restart=Never'];
  const image = '--image=ghcr.io/sigstand/createcerts:0.1.0';
  const command = ['--command', '--', '/nodejs/bin/node', '-e', probe];
  const places = [...flows.closed, ...flows.open];
  const said = await machine.cluster().kubectl(...run, image, ...command, ...places);
  const told = [...said.matchAll(/^(open|closed) (.*)$/gm)];
  if (told.length !== places.length) throw new Error(`the probe said of ${places}:\n${said}`);
  return told.flatMap(([, state, to = '']) => (state === 'open' ? [to] : [])).sort();
}

/** The same once it is as expected, or when a change had its time to arrive at the packet filter. */
export async function settled(machine: Machine, expected: readonly string[]): Promise<string[]> {
  const end = Date.now() + 45_000;
  for (;;) {
    const open = await reached(machine);
    if (open.join() === [...expected].sort().join() || Date.now() > end) return open;
  }
}
