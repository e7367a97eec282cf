import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { utf8 } from '@sigstand/pki/pem';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import type { Data } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { type Material, readMaterial, windowOf } from './material.ts';
import { inputs, put, runAt, stored, supplied, trust } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
/** A CA from today on, for ten years; those of the golden inputs are from 2020 on, for a century. */
const young = opensslCertificate({ subject: '/O=Test/CN=young', extensions: caExtensions });
const old = inputs('first').fulcio.cert!;

const read = (service: keyof Material, data: Data) =>
  readMaterial({ [service]: { place: `Secret x/${service}`, data } });

const pem = (key: KeyObject) => utf8(key.export({ type: 'spki', format: 'pem' }).toString());

describe("a log's record", () => {
  it.each(['ctlog', 'rekor'] as const)(
    'is refused with what nobody knows beside the key of %s',
    (service) => {
      const data = { ...inputs('first')[service], note: utf8('x') };
      expect(() => read(service, data)).toThrow(`Secret x/${service} has the key note`);
    },
  );

  it('is refused for the CT log where no client verifies by its key', () => {
    const data = { public: pem(generateKeyPairSync('ed25519').publicKey) };
    expect(read('rekor', data).rekor).toBeDefined();
    expect(() => read('ctlog', data)).toThrow('Secret x/ctlog key public is an Ed25519 key');
  });
});

describe('the time in which a chain is trusted', () => {
  it('is that of all its certificates together', () => {
    const [root, below] = [new X509Certificate(old), new X509Certificate(young.certificate)];
    const window = { start: below.validFromDate, end: below.validToDate };
    expect(windowOf({ root, intermediates: [below], leaf: undefined })).toEqual(window);
    expect(windowOf({ root: below, intermediates: [root], leaf: undefined })).toEqual(window);
    expect(root.validFromDate.getTime()).toBeLessThan(window.start.getTime());
    expect(root.validToDate.getTime()).toBeGreaterThan(window.end.getTime());
  });
});

describe('a log without a date of its own', () => {
  it('is trusted since the first of all certificates began', async () => {
    const store = await supplied();
    const { publicKey } = new X509Certificate(young.certificate);
    const cert = new Uint8Array(young.certificate);
    await put(store, { fulcio: { cert, public: pem(publicKey) } });
    await runAt(store, start);
    const { tlogs, ctlogs } = trust(await stored(store));
    const starts = [...tlogs, ...ctlogs].map(({ publicKey }) => publicKey?.validFor?.start);
    const first = new Date('2020-01-01T00:00:00Z');
    expect(starts).toEqual([first, first]);
  });
});
