import { caExtensions, type Foreign, opensslCertificate } from '@sigstand/pki/testing';
import type { Data } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { put, runAt, stored, supplied, target, trust } from './testing.ts';

const most = 10;
const stamping = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=critical,timeStamping'];

/** root, ten intermediates from the root down, leaf. */
let root: Foreign;
let between: Foreign[];
let leaf: Foreign;
beforeAll(() => {
  root = opensslCertificate({ subject: '/O=Test/CN=root', extensions: caExtensions });
  between = [];
  for (let number = 0; number < most; number += 1) {
    const issuer = between.at(-1) ?? root;
    const subject = `/O=Test/CN=${number}`;
    between.push(opensslCertificate({ subject, extensions: caExtensions, issuer }));
  }
  const issuer = between.at(-1)!;
  leaf = opensslCertificate({ subject: '/O=Test/CN=leaf', extensions: stamping, issuer });
}, 60_000);

type Service = 'fulcio' | 'tsa';

function split(service: Service, intermediates: readonly Foreign[]): Data {
  const files: [string, Foreign][] = [
    ['root', root],
    ...intermediates.map((one, index): [string, Foreign] => [`intermediate_${index}`, one]),
    ...(service === 'tsa' ? [['leaf', leaf] as [string, Foreign]] : []),
  ];
  return Object.fromEntries(
    files.map(([part, { certificate }]) => [`${service}_${part}.crt.pem`, text(certificate)]),
  );
}

/** In an order that is nobody's. */
function whole(service: Service): Data {
  const shuffled = [...between.slice(4), root, ...between.slice(0, 4).reverse()];
  const all = service === 'tsa' ? [shuffled[0]!, leaf, ...shuffled.slice(1)] : shuffled;
  const bytes = text(Buffer.concat(all.map(({ certificate }) => certificate)));
  return service === 'tsa' ? { 'cert-chain': bytes } : { cert: bytes };
}

const text = (bytes: Buffer) => new Uint8Array(bytes);

describe.each(['fulcio', 'tsa'] as const)('a chain of ten intermediates, for %s,', (service) => {
  it.each([
    ['one text in any order', () => whole(service)],
    ['files that are numbered from the root', () => split(service, between)],
    ['files that are numbered from the leaf', () => split(service, between.toReversed())],
  ])('is published from %s, in the order of its signatures', async (_form, data) => {
    const store = await supplied();
    const separate = { kind: 'Secret', namespace: 'tuf-system', name: 'own' } as const;
    await store.write(separate, { data: data() });
    const { status, stderr } = await runAt(store, '2030-01-01T00:00:00Z', [
      `--${service}-secret=own`,
    ]);
    expect(status, stderr).toBe(0);
    const repository = await stored(store);
    const { certificateAuthorities, timestampAuthorities } = trust(repository);
    const [authority] = service === 'tsa' ? timestampAuthorities : certificateAuthorities;
    const published = authority?.certChain?.certificates.map(({ rawBytes }) => rawBytes);
    const chain = [...(service === 'tsa' ? [leaf] : []), ...between.toReversed(), root];
    expect(published).toEqual(chain.map(({ certificate }) => der(certificate)));
    if (service === 'tsa') {
      for (const [index, { certificate }] of between.entries()) {
        const file = target(repository, `tsa_intermediate_${index}.crt.pem`);
        expect(der(Buffer.from(file!.bytes))).toEqual(der(certificate));
      }
    }
  });
});

it.each(['fulcio', 'tsa'] as const)(
  'of eleven intermediates is refused for %s',
  async (service) => {
    const store = await supplied();
    const own = { kind: 'Secret', namespace: 'tuf-system', name: 'own' } as const;
    await store.write(own, { data: split(service, [...between, root]) });
    const { status, stderr } = await runAt(store, '2030-01-01T00:00:00Z', [
      `--${service}-secret=own`,
    ]);
    expect(status).toBe(65);
    expect(stderr).toContain('Secret tuf-system/own has 11 intermediates; at most 10 fit');
  },
);

it('that changed its form alone is no new chain', async () => {
  const store = await supplied();
  await put(store, { tsa: whole('tsa') });
  await runAt(store, '2030-01-01T00:00:00Z');
  const own = { kind: 'Secret', namespace: 'tuf-system', name: 'own' } as const;
  await store.write(own, { data: split('tsa', between) });
  await runAt(store, '2030-01-01T00:01:00Z', ['--tsa-secret=own']);
  expect((await stored(store)).timestamp.version).toBe(1);
});

function der(pem: Buffer): Buffer {
  return Buffer.from(pem.toString().replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}
