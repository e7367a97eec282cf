import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { rotationsUnderWay } from './under-way.ts';

/* Which rotations are under way, by what is noted of them; test/apiserver/outage.test.ts has a real one. */

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A cluster that has these objects, by the ends of their paths, and forbids some. */
async function looked(objects: Readonly<Record<string, object>>, forbids = /^$/) {
  const asked: string[] = [];
  const server = createServer(({ method, url = '', headers: { accept = '' } }, response) => {
    const path = url.replace(/^.*\/namespaces\//, '');
    asked.push(`${method} ${path}${accept.includes('PartialObjectMetadata') ? ' alone' : ''}`);
    const found = objects[path];
    const status = forbids.test(path) ? 403 : found ? 200 : 404;
    response.writeHead(status).end(JSON.stringify(status === 200 ? found : { kind: 'Status' }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const access = { server: `http://127.0.0.1:${port}`, options: async () => ({}), forget() {} };
  const { signal } = new AbortController();
  const found = await rotationsUnderWay(access, { naming: {}, now: () => new Date(), signal });
  return { ...found, what: found.underWay.map(({ what }) => what.join(' ')), asked };
}

const tufKeys = (note: string) => ({
  metadata: { annotations: { [`sigstand.dev/${note}`]: '1' } },
});

describe('a rotation that is under way', () => {
  it.each([
    ['tsa', { 'tsa-system/secrets/tsa-cert-chain-next': {} }],
    ['fulcio', { 'fulcio-system/secrets/fulcio-secrets-next': {} }],
    ['ctlog', { 'ctlog-system/secrets/ctlog-secrets-next': {} }],
    ['rekor', { 'rekor-system/secrets/rekor-signing-secret-next': {} }],
    ['tuf-root', { 'tuf-system/secrets/tuf-keys': tufKeys('rotation-root') }],
    ['tuf-keys', { 'tuf-system/secrets/tuf-keys': tufKeys('rotation-keys') }],
    ['database', { 'trillian-system/secrets/trillian-mysql-next': {} }],
    [
      'rekor --new-log',
      { 'rekor-system/configmaps/rekor-config': { data: { 'next-treeID': '7' } } },
    ],
  ])('of %s is found', async (what, objects) => {
    const lease = { spec: { holderIdentity: 'ann' } };
    const found = await looked({ ...objects, 'tuf-system/leases/sigstand': lease });
    expect(found.what).toEqual([what]);
    // What comes next is in objects that are not there.
    expect(found.underWay[0]?.next).toBeUndefined();
    expect(found.lease).toEqual(lease);
  });

  it('is looked for without what is in a Secret, and nothing else is asked where none is', async () => {
    const idle = { 'tuf-system/secrets/tuf-keys': { metadata: {} } };
    const { what, asked } = await looked({
      ...idle,
      'rekor-system/configmaps/rekor-config': { data: { treeID: '6' } },
    });
    expect(what).toEqual([]);
    expect(asked.filter((one) => /secrets/.test(one) && !one.endsWith(' alone'))).toEqual([]);
    expect(new Set(asked).size).toBe(7);
  });

  it('is passed over where the caller may not look', async () => {
    const objects = { 'tsa-system/secrets/tsa-cert-chain-next': {} };
    expect((await looked(objects, /secrets|configmaps/)).what).toEqual([]);
    const found = await looked(objects, /leases/);
    expect([found.what, found.lease]).toEqual([['tsa'], undefined]);
  });
});
