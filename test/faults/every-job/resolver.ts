import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A name server on a loopback address of its own, that knows every name as 127.0.0.1. */
export interface Resolver {
  /** Runs a program that knows no other name server, nor any hosts file. */
  readonly under: readonly string[];
  /** Resolves when it is first asked. */
  readonly asked: Promise<void>;
  stop(): Promise<void>;
}

/** @param silence Milliseconds from the first question on, in which it answers nothing. */
export async function startResolver(address: string, silence: number): Promise<Resolver> {
  const socket = createSocket('udp4');
  const asked = Promise.withResolvers<void>();
  let first: number | undefined;
  socket.on('message', (question, { port, address: from }) => {
    asked.resolve();
    first ??= performance.now();
    if (performance.now() - first >= silence) socket.send(answerTo(question), port, from);
  });
  // Where resolv.conf leads there is no choice of port.
  await once(socket.bind(53, address), 'listening');
  const dir = await mkdtemp(join(tmpdir(), 'sigstand-resolver-'));
  await writeFile(join(dir, 'resolv.conf'), `nameserver ${address}\n`);
  await writeFile(join(dir, 'nsswitch.conf'), 'hosts: dns\n');
  const mounts = ['resolv.conf', 'nsswitch.conf']
    .map((file) => `mount --bind ${dir}/${file} /etc/${file}`)
    .join(' && ');
  return {
    under: ['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'],
    asked: asked.promise,
    stop: async () => {
      await new Promise<void>((resolve) => socket.close(resolve));
      await rm(dir, { recursive: true });
    },
  };
}

const ipv4 = 1; // RFC 1035, type A

/** RFC 1035 §4.1: 127.0.0.1, or for another type of record nothing. */
function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5; // of the name, its type and its class
  const answers = question.readUInt16BE(end - 4) === ipv4 ? 1 : 0;
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2); // an answer, recursion is available, no error
  header.writeUInt16BE(answers, 6);
  header.fill(0, 8); // no authorities, nothing additional
  const record = Buffer.from([0xc0, 12, 0, ipv4, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, question.subarray(12, end), ...(answers ? [record] : [])]);
}
