import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/* Runs in the network of a Pod, of the node or of a world beside the cluster; it tries flows there, or answers them.
 *
 *   probe.ts try MILLISECONDS < [["tcp","10.244.0.7",8090], ...]   prints [true, ...]: which of them are open
 *   probe.ts answer PORT...                                        until its standard input ends
 */

type Flow = readonly [protocol: 'tcp' | 'udp', host: string, port: number];

const [verb, ...args] = process.argv.slice(2);
if (verb === 'answer') answer(args.map(Number));
else await tryAll(Number(args[0]));

async function tryAll(limit: number): Promise<void> {
  const flows = JSON.parse((await process.stdin.toArray()).join('')) as Flow[];
  const open = await Promise.all(
    flows.map(([protocol, host, port]) =>
      protocol === 'tcp' ? opens(host, port, limit) : asks(host, port, limit),
    ),
  );
  process.stdout.write(JSON.stringify(open));
}

/** Whether a connection is made; what refuses it and what says nothing is the same. */
function opens(host: string, port: number, limit: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(limit, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Whether a DNS server answers, with whatever: RFC 1035 §4.1.1 and §4.1.2, for the addresses of the root. */
function asks(host: string, port: number, limit: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (open: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(open);
    };
    const timer = setTimeout(() => end(false), limit);
    socket.once('message', () => end(true));
    socket.once('error', () => end(false));
    socket.connect(port, host, () => {
      socket.send(Buffer.from('0007010000010000000000000000010001', 'hex'));
    });
  });
}

function answer(ports: readonly number[]): void {
  const servers = ports.map((port) => createServer((socket) => socket.end()).listen(port));
  process.stdin.resume().once('end', () => {
    for (const server of servers) server.close();
  });
}
