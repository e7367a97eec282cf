import { copies, tufKeys, tufRepository } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { caExtensions, openssl, opensslCertificate } from '@sigstand/pki/testing';
import { SigningConfig } from '@sigstore/protobuf-specs';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { toTrustMaterial } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import type { Addresses } from './addresses.ts';
import { checkContent } from './content-check.ts';
import { createTuf } from './job.ts';
import { type Material, readMaterial, type Service } from './material.ts';
import { inputs, put, runAt, stored, supplied, target, trust } from './testing.ts';

const now = '2030-01-01T00:00:00Z';
const services: readonly Service[] = ['fulcio', 'ctlog', 'rekor', 'tsa'];

function materialOf(folder: 'first' | 'second'): Material {
  const records = inputs(folder);
  return readMaterial(
    Object.fromEntries(services.map((one) => [one, { place: one, data: records[one] }])),
  );
}

/** The ones by default. */
const given: Addresses = {
  fulcio: ['http://fulcio.fulcio-system.svc'],
  rekor: ['http://rekor.rekor-system.svc'],
  ctlog: ['http://ctlog.ctlog-system.svc/sigstorescaffolding'],
  tsa: ['http://tsa.tsa-system.svc'],
  oidcIssuer: ['https://kubernetes.default.svc'],
  operator: 'sigstand',
};

/** The check, on a repository with the first set of inputs, against what it should say. */
async function checked({
  material = materialOf('first'),
  addresses = given,
}: {
  material?: Material;
  addresses?: Addresses;
} = {}) {
  const store = await supplied();
  await runAt(store, now);
  const repository = await stored(store);
  return checkContent(repository, repository.files, { material, addresses, now: new Date(now) });
}

describe('the content of what is published', () => {
  it('is what was given, as sigstore-js reads it', async () => {
    expect(await checked()).toEqual([]);
  });

  it.each([
    ['rekor', 'Rekor'],
    ['ctlog', 'the CT log'],
    ['fulcio', 'Fulcio'],
    ['tsa', 'the TSA'],
  ] as const)(
    'is not published where the %s that was given is not in it',
    async (service, whose) => {
      const material = { ...materialOf('first'), [service]: materialOf('second')[service] };
      await expect(checked({ material })).rejects.toThrow(`lacks what was given of ${whose}`);
    },
  );

  it.each([
    ['fulcio', 'caUrls'],
    ['rekor', 'rekorTlogUrls'],
    ['tsa', 'tsaUrls'],
    ['oidcIssuer', 'oidcUrls'],
  ] as const)('is not published where another %s is in it', async (service, list) => {
    const addresses: Addresses = {
      ...given,
      [service]: ['https://other.example'],
    };
    await expect(checked({ addresses })).rejects.toThrow(`has other ${list} than were given`);
  });

  it('has a signing_config that sigstore-js signs by', async () => {
    const store = await supplied();
    await runAt(store, '2025-01-01T00:00:00Z');
    const { bytes } = target(await stored(store), 'signing_config.v0.2.json')!;
    const signingConfig = SigningConfig.fromJSON(JSON.parse(Buffer.from(bytes).toString()));
    const identityProvider = { getToken: async () => '' };
    for (const bundleType of ['messageSignature', 'dsseEnvelope'] as const) {
      const options = { signingConfig, identityProvider, bundleType };
      expect(bundleBuilderFromSigningConfig(options)).toBeDefined();
    }
  });

  it('is refused before any key is made where sigstore-js does not verify a chain', async () => {
    // Its list of signature algorithms has no RSA-PSS.
    const { certificate } = opensslCertificate({
      subject: '/CN=PSS',
      extensions: caExtensions,
      key: ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss'],
    });
    const store = await supplied();
    const copy = await store.read(copies.fulcio);
    await store.write(copies.fulcio, { data: { cert: certificate }, remove: ['public'] }, copy);
    const { status, stderr } = await runJob(createTuf(), store);
    expect({ status, stderr }).toEqual({
      status: 65,
      stderr: expect.stringContaining('sigstore-js does not verify the chain of Fulcio'),
    });
    expect([await store.read(tufKeys), await store.read(tufRepository)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('has a warning with it where sigstore-js cannot read it: a log that signs with RSA', async () => {
    const key = openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']);
    const store = await supplied();
    await put(store, { ctlog: { public: new Uint8Array(openssl(['pkey', '-pubout'], key)) } });
    const { status, stderr } = await runAt(store, now);
    expect(status).toBe(0);
    expect(stderr).toContain('warning: sigstore-js reads no trusted_root.json with the RSA key');
    const root = trust(await stored(store));
    expect(() => toTrustMaterial(root)).toThrow();
    // It is of the content: a refresh that leaves that as it is says nothing.
    expect((await runAt(store, '2030-01-05T00:00:00Z')).stderr).not.toContain('sigstore-js');
  });
});
