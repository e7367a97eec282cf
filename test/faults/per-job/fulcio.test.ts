import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { goldenInputs } from '../../golden/build.ts';
import { startFulcio } from '../../programs/fulcio.ts';
import { freePort } from '../../programs/server.ts';
import { create, type Harness, openHarness, type Prepared } from '../harness.ts';
import type { StoredObject } from '../history.ts';
import type { LaneJob } from '../lane.ts';
import { patience } from '../profile.ts';
import { type Mishap, startTcpProxy } from '../tcp-proxy.ts';

/* createctconfig, and the two places from which it knows Fulcio's root: a Secret, and Fulcio itself. */

const closing = new AsyncDisposableStack();
let harness: Harness;
let job: LaneJob;
let prepared: Prepared;
let fulcio: number;
let root: string;
beforeAll(async () => {
  harness = await openHarness('fulcio', inject('apiserver'));
  closing.defer(harness.close);
  job = harness.lane.job('ctlog-system/createctconfig');
  const made = harness.outputsOf(harness.lane.job('fulcio-system/createcerts'));
  const secret = made.find(({ metadata }) => metadata.name === 'fulcio-secrets');
  const value = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64');
  const server = await startFulcio({
    cert: value('cert'),
    private: value('private'),
    password: value('password').toString(),
  });
  closing.defer(server.stop);
  fulcio = server.port;
  root = value('cert').toString();
  prepared = await harness.prepare(job);
});
beforeEach(() => prepared.reset());
afterAll(() => closing.disposeAsync());

const run = (...args: string[]) => harness.run(job, { args });
const asked = (port: number) => `--fulcio-url=http://127.0.0.1:${port}`;

async function stored(name = 'ctlog-secrets'): Promise<StoredObject | undefined> {
  return [...(await harness.state()).values()].find(({ metadata }) => metadata.name === name);
}

async function rootca(): Promise<string> {
  return Buffer.from((await stored())?.data?.rootca ?? '', 'base64').toString();
}

/** An HTTP server that stands where Fulcio should; resolves to its port. */
async function serving(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('createctconfig', () => {
  it.each<[string, () => string[]]>([
    ['the Secret alone', () => []],
    ['Fulcio alone, without the Secret', () => ['--fulcio-secret=none', asked(fulcio)]],
    ['both, where they agree', () => [asked(fulcio)]],
  ])('takes the root from %s', async (_where, args) => {
    const secret = await stored('fulcio-pub-key');
    const alone = args().includes('--fulcio-secret=none');
    if (alone && secret) await harness.remove([secret]);
    const { status, stderr } = await run(...args());
    if (alone && secret) await create(harness.lane.admin, secret);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(await rootca()).toBe(root);
  });

  it('waits for a Fulcio that is late, resets, cuts off or swallows connections, as long as it is told', async () => {
    const silent = silence();
    const firsts: (Mishap['kind'] | undefined)[][] = [
      [],
      ['reset', 'reset', 'reset'],
      ['cut'],
      ['hang'],
    ];
    const runs = firsts.map(async (kinds) => {
      const port = await freePort();
      const late = Promise.withResolvers<void>();
      const running = harness.run(job, {
        args: ['--fulcio-secret=none', asked(port)],
        onStart: ({ stderr }) =>
          stderr?.on('data', (text) => {
            if (String(text).includes('waiting for')) late.resolve();
          }),
      });
      await late.promise;
      const mishap = (n: number): Mishap | undefined => {
        const kind = kinds[n - 1];
        return kind && { kind, after: 200 };
      };
      const proxy = await startTcpProxy({ to: fulcio, port, mishap });
      closing.defer(proxy.close);
      const { status, stderr, ms } = await running;
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(proxy.connections()).toBeGreaterThan(kinds.length);
      expect(ms).toBeLessThan(patience(20_000));
    });
    await Promise.all(runs);
    expect(await rootca()).toBe(root);
    const { status, stderr, ms, traffic } = await silent;
    expect({ status, stderr, writes: traffic.writes }).toMatchObject({
      ...{ status: 69, writes: [] },
      stderr: expect.stringContaining('the last try ended with no answer within 10 s'),
    });
    expect(ms).toBeLessThan(patience(15_000));
  });

  it.each<[string, RequestListener]>([
    ['an empty answer', (_request, response) => response.end()],
    ['a page of HTML', (_request, response) => response.end('<html>hunter2</html>')],
    [
      'a chain of nothing',
      (_request, response) => response.end('{"chains":[{"certificates":[""]}]}'),
    ],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/x' }).end()],
  ])('writes nothing for %s', async (_what, answer) => {
    const port = await serving(answer);
    const mark = await harness.history.mark();
    const { status, stderr, ms, traffic } = await run('--fulcio-secret=none', asked(port));
    expect({ status, stderr }).toEqual({
      status: 65,
      stderr: expect.stringContaining(`http://127.0.0.1:${port}`),
    });
    expect(stderr).not.toContain('hunter2');
    expect(ms).toBeLessThan(patience(5_000));
    expect(traffic.writes).toEqual([]);
    await harness.history.mark();
    expect(harness.history.since(mark)).toEqual([]);
  });

  it('names both roots where Fulcio has another than the Secret, and writes nothing', async () => {
    const chain = Buffer.from(goldenInputs('second').fulcio.cert ?? '').toString();
    const port = await serving((_request, response) =>
      response.end(JSON.stringify({ chains: [{ certificates: [chain] }] })),
    );
    const { status, stderr, ms, traffic } = await run(asked(port));
    const print = '[0-9A-F:]{95}';
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: expect.stringMatching(
        `key cert has the root ${print}, but http://127.0.0.1:${port} has ${print}`,
      ),
    });
    expect(ms).toBeLessThan(patience(5_000));
    expect(traffic.writes).toEqual([]);
  });

  it('keeps two roots in their order, and writes nothing, in 20 further runs', async () => {
    expect(await run()).toMatchObject({ status: 0 });
    await replaceSecret(goldenInputs('second').fulcio);
    expect(await run()).toMatchObject({ status: 0 });
    const before = await stored();
    expect((await rootca()).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect((await rootca()).startsWith(root)).toBe(true);
    for (let round = 0; round < 5; round += 1) {
      for (const { status, traffic } of await Promise.all([run(), run(), run(), run()])) {
        expect({ status, writes: traffic.writes }).toEqual({ status: 0, writes: [] });
      }
    }
    expect(await stored()).toEqual(before);
  });
});

/** A run that asks a server which takes its request and never answers. */
async function silence() {
  const port = await serving(() => {});
  return run('--fulcio-secret=none', asked(port), '--timeout=1s');
}

/** Puts other data in the place of Fulcio's public Secret. */
async function replaceSecret(data: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const secret = await stored('fulcio-pub-key');
  if (secret === undefined) throw new Error('there is no fulcio-pub-key');
  await harness.remove([secret]);
  const encoded = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  await create(harness.lane.admin, { ...secret, data: Object.fromEntries(encoded) });
}
