import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { get } from './gateway.ts';
import type { Stack } from './stack.ts';
import type { Figures } from './survival-servers.ts';

/** What a server said until it hung up. */
async function exchange(port: number, bytes: string, within = 5_000): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  let said = '';
  const over = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
    });
    socket.on('close', resolve).on('error', () => resolve());
    socket.setTimeout(within, () => reject(new Error(`no end after ${within} ms: ${said}`)));
  });
  socket.write(Buffer.from(bytes, 'latin1'));
  await over.finally(() => socket.destroy());
  return said;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
const ask = (target: string, method = 'GET', headers = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: tuf\r\nConnection: close\r\n${headers}\r\n`;

/** Ways out of the repository that a web server has fallen for, and what ours answers. */
const outside: readonly (readonly [string, readonly number[]])[] = [
  ['/../../../etc/passwd', [400]],
  ['/targets/../../../etc/passwd', [400]],
  ['/targets/../../etc/passwd', [400]],
  ['/targets/../etc/passwd', [404]],
  ['/%2e%2e/%2e%2e/etc/passwd', [400]],
  ['/..%2f..%2fetc%2fpasswd', [400]],
  ['/targets/..%2f..%2f..%2fetc%2fpasswd', [400]],
  ['/%252e%252e/etc/passwd', [404]],
  ['/%c0%ae%c0%ae/etc/passwd', [404]],
  ['/..%5c..%5cetc%5cpasswd', [404]],
  ['/..\\..\\etc\\passwd', [404]],
  ['//etc/passwd', [404]],
  ['/etc/passwd', [404]],
  ['/etc/tuf-server/nginx.conf', [404]],
  ['/nginx.conf', [404]],
  ['/tmp/nginx.pid', [404]],
  ['/proc/self/environ', [404]],
  // The kubelet keeps a ConfigMap's files behind these names.
  ['/..data', [404]],
  ['/..data/timestamp.json', [404]],
  ['/targets/..data/timestamp.json', [404]],
  // The page for people.
  ['/', [200]],
  ['/targets/', [404]],
  ['/targets', [404]],
  ['/timestamp.json/', [404]],
  ['/timestamp.json%00', [400]],
  ['/timestamp.json%00.txt', [400]],
  ['/%', [400]],
  ['/%zz', [400]],
  ['/targets/targets/timestamp.json', [404]],
  ['etc/passwd', [400]],
  ['file:///etc/passwd', [400]],
  ['http://tuf/../../etc/passwd', [400]],
  ['http://elsewhere/etc/passwd', [404]],
  ['*', [400]],
];

/** Requests to the TUF web server as no client makes them, over bare sockets. */
export function describeRequests(of: () => Stack, figures: Figures): void {
  let port = 0;
  beforeAll(async () => {
    port = await of().gateway.port('tuf.tuf-system.svc');
  });

  it.each(outside)('GET %s gets %j and nothing else', async (target, statuses) => {
    const answer = await exchange(port, ask(target));
    expect(statuses).toContain(statusOf(answer));
    expect(answer).not.toMatch(/root:|BEGIN|worker_processes|"signed"/);
  });

  it('serves a file by its path, and by the absolute form that RFC 9112 §3.2.2 asks of every server', async () => {
    const plain = await exchange(port, ask('/timestamp.json'));
    expect(plain).toContain('"signed"');
    expect(await exchange(port, ask('http://tuf/timestamp.json'))).toContain('"signed"');
    // Dots that stay inside.
    expect(await exchange(port, ask('/targets/../timestamp.json'))).toContain('"signed"');
  });

  it.each([
    ['a header of 40 kB', ask('/timestamp.json', 'GET', `X: ${'x'.repeat(40_000)}\r\n`), 400],
    [
      'two thousand headers',
      ask('/timestamp.json', 'GET', 'X: yyyyyyyyyyyyyyyyyyyy\r\n'.repeat(2_000)),
      400,
    ],
    // RFC 9110 §15.5.15 has a status of its own for it.
    ['an address of 40 kB', ask(`/${'x'.repeat(40_000)}`), 414],
    ['no Host', 'GET /timestamp.json HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['PUT', ask('/timestamp.json', 'PUT', 'Content-Length: 0\r\n'), 405],
    ['DELETE', ask('/timestamp.json', 'DELETE'), 405],
    ['POST', ask('/timestamp.json', 'POST', 'Content-Length: 0\r\n'), 405],
    ['CONNECT', ask('etc:80', 'CONNECT'), 400],
  ])('refuses %s', async (_what, bytes, status) => {
    const answer = await exchange(port, bytes);
    expect(answer).toMatch(/^HTTP\/1\.[01] /);
    expect(Number(answer.split(' ')[1])).toBe(status);
    expect(answer).not.toContain('"signed"');
  });

  describe('who says too little', () => {
    const drip = async (bytes: string) => {
      const socket = connect({ port, host: '127.0.0.1' });
      const began = Date.now();
      let open = true;
      socket.resume().on('error', () => {});
      const closed = new Promise<void>((resolve) => {
        socket.on('close', () => resolve()).on('end', () => resolve());
      }).then(() => {
        open = false;
      });
      socket.write('GET /timestamp.json HTTP/1.1\r\n');
      for (let at = 0; open && Date.now() < began + 15_000; at++) {
        socket.write(bytes[at % bytes.length] ?? '');
        await Promise.race([sleep(500), closed]);
      }
      socket.destroy();
      return Date.now() - began;
    };

    it('is let go within ten seconds, and keeps nobody else waiting', async () => {
      const url = `http://127.0.0.1:${port}/timestamp.json`;
      const slow = [
        ...Array.from({ length: 200 }, () => drip('X: y\r\n')),
        // Nothing at all after the first line.
        drip(''),
      ];
      await sleep(1_000);
      const began = Date.now();
      expect((await get(url)).status).toBe(200);
      const waited = Date.now() - began;
      const took = await Promise.all(slow);
      figures.push(
        `${slow.length} slow senders: let go after ${Math.min(...took)} to ${Math.max(...took)} ms;` +
          ` another client was answered in ${waited} ms`,
      );
      expect(Math.max(...took)).toBeLessThanOrEqual(10_000);
      expect(waited).toBeLessThan(1_000);
    });
  });
}
