import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Access } from './api.ts';
import { storeOver } from './cluster.ts';
import { StoreError } from './store.ts';

/*
 * What goes to the API server and what its answers mean, word by word, with a server that answers as it is
 * told. A real one judges the same store in test/apiserver.
 */

interface Asked {
  readonly method: string | undefined;
  readonly url: URL;
  readonly type: string | undefined;
  readonly body: unknown;
}

const asked: Asked[] = [];
let answer: { status: number; body: object };
let forgotten = 0;
let server: Server;
let access: Access;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    asked.push(await read(request));
    response.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  access = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    options: async () => ({}),
    forget: () => {
      forgotten += 1;
    },
  };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked.length = 0;
  forgotten = 0;
  answer = { status: 200, body: {} };
});

async function read(request: IncomingMessage): Promise<Asked> {
  const body = request.method === 'GET' ? undefined : await json(request);
  const url = new URL(request.url ?? '', 'http://api');
  return { method: request.method, url, type: request.headers['content-type'], body };
}

const store = () => storeOver(access, 'test');
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = { kind: 'Secret', namespace: 'ns', name: 'keys' } as const;
const configMap = { kind: 'ConfigMap', namespace: 'ns', name: 'files' } as const;
const current = { data: { old: bytes('hunter2-of-before') }, annotations: {}, immutable: false };
const replacing = { ...current, version: '41' };

async function refused(act: Promise<unknown>): Promise<StoreError> {
  const error = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

describe('a new record', () => {
  it('is applied whole, as one of the stack, and immutable where that is asked for', async () => {
    const change = { data: { key: bytes('v') }, annotations: { 'x.io/n': 'n' }, immutable: true };
    await store().write(secret, change);
    expect(asked).toMatchObject([{ method: 'PATCH', type: 'application/apply-patch+yaml' }]);
    expect(asked[0]?.url.pathname).toBe('/api/v1/namespaces/ns/secrets/keys');
    expect(asked[0]?.body).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        namespace: 'ns',
        name: 'keys',
        labels: { 'app.kubernetes.io/part-of': 'sigstand' },
        annotations: { 'x.io/n': 'n' },
      },
      data: { key: base64('v') },
      immutable: true,
    });
  });

  it('is never applied over that of another process of the same Job', async () => {
    await store().write(secret, {});
    await store().write(secret, {});
    const managers = asked.map(({ url }) => url.searchParams.get('fieldManager'));
    expect(managers.filter((name) => /^sigstand-test-[0-9a-f]{8}$/.test(name ?? ''))).toHaveLength(
      2,
    );
    expect(new Set(managers).size).toBe(2);
    expect(asked.map(({ url }) => url.searchParams.get('force'))).toEqual([null, null]);
  });

  it('waits for its namespace', async () => {
    answer = { status: 404, body: { reason: 'NotFound' } };
    expect(await refused(store().write(secret, {}))).toMatchObject({ code: 'NO_NAMESPACE' });
  });
});

describe('a record that is there', () => {
  it('is changed only in the version that was read', async () => {
    const change = { data: { key: bytes('v') }, remove: ['old', 'older'] };
    await store().write(secret, change, replacing);
    expect(asked).toMatchObject([{ method: 'PATCH', type: 'application/merge-patch+json' }]);
    expect(asked[0]?.body).toEqual({
      metadata: { resourceVersion: '41' },
      data: { key: base64('v'), old: null, older: null },
    });
  });

  it('loses a key of a ConfigMap, text or not', async () => {
    await store().write(configMap, { remove: ['old'] }, replacing);
    expect(asked[0]?.body).toMatchObject({ data: { old: null }, binaryData: { old: null } });
  });

  it('that was deleted meanwhile is read again', async () => {
    answer = { status: 404, body: { reason: 'NotFound' } };
    expect(await refused(store().write(secret, {}, replacing))).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('what is read', () => {
  const stored = { metadata: { resourceVersion: '7', annotations: { n: 'n' } } };

  it('of a Secret is its bytes', async () => {
    answer.body = { ...stored, data: { key: base64('v') }, immutable: true };
    expect(await store().read(secret)).toEqual({
      data: { key: bytes('v') },
      annotations: { n: 'n' },
      immutable: true,
      version: '7',
    });
  });

  it('of a ConfigMap is its text, and the bytes that are no text', async () => {
    answer.body = { ...stored, data: { a: 'ä' }, binaryData: { b: base64('\xff') } };
    expect((await store().read(configMap))?.data).toEqual({ a: bytes('ä'), b: bytes('\xff') });
  });

  it('is at the place that is named, whatever characters the name has', async () => {
    await store().read({ ...secret, name: '../../secrets/other' });
    expect(asked[0]?.url.pathname).toBe('/api/v1/namespaces/ns/secrets/..%2F..%2Fsecrets%2Fother');
  });
});

describe('a refusal', () => {
  const denial = 'admission webhook "w" denied the request: ';

  it.each([
    ['what is written', 'hunter2-that-is-new'],
    ['what was there before', 'hunter2-of-before'],
  ])('that quotes %s is told without its words', async (_what, quoted) => {
    answer = { status: 403, body: { message: `${denial}bad value ${quoted}` } };
    const change = { data: { key: bytes('hunter2-that-is-new') } };
    const error = await refused(store().write(secret, change, replacing));
    expect(error.code).toBe('REFUSED');
    expect(error.message).toContain('are not told here');
    expect(error.message).not.toContain('hunter2');
  });

  it('that quotes nothing is told', async () => {
    answer = { status: 403, body: { message: `${denial}ask the platform team` } };
    const { message } = await refused(store().write(secret, { data: { key: bytes('hunter2') } }));
    expect(message).toContain('ask the platform team');
  });

  it('by whoever denies is no absence, whatever number it chose', async () => {
    answer = { status: 404, body: { message: `${denial}not here` } };
    expect(await refused(store().read(secret))).toMatchObject({ code: 'REFUSED' });
  });

  it('by a server that is busy may pass', async () => {
    answer = { status: 429, body: {} };
    expect(await refused(store().read(secret))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('of the identity makes what was remembered of it forgotten, and no other does', async () => {
    answer = { status: 403, body: {} };
    await refused(store().read(secret));
    expect(forgotten).toBe(0);
    answer = { status: 401, body: {} };
    expect(await refused(store().read(secret))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(forgotten).toBe(1);
  });
});
