import { nextCreatedNote, nextKey } from '@sigstand/contracts/next';
import { copies } from '@sigstand/contracts/records';
import type { Data, Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import type { Service } from './material.ts';
import { publishedTargets } from './repository.ts';
import { inputs, put, runAt, stored, supplied, trust } from './testing.ts';

/* A rotation in the order in which no client refuses anything: both keys, then the new one alone. */

const services: readonly Service[] = ['fulcio', 'ctlog', 'rekor', 'tsa'];
const second = inputs('second');
const days = ['2030-01-01', '2030-02-01', '2030-03-01'].map((day) => `${day}T00:00:00Z`);
const made = '2030-01-31T00:00:00Z';

/** The values of a key that comes next, as `sigstand rotate` writes them into the copy. */
function coming(data: Data): Data {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [nextKey(key), value]));
}

async function announce(store: Store, service: Service): Promise<void> {
  const ref = copies[service];
  const change = { data: coming(second[service]), annotations: { [nextCreatedNote]: made } };
  await store.write(ref, change, await store.read(ref));
}

async function settle(store: Store, service: Service): Promise<void> {
  const ref = copies[service];
  const remove = Object.keys(coming(second[service]));
  await store.write(ref, { data: second[service], remove }, await store.read(ref));
}

/** The windows of a service's entries, in their order. */
async function windows(store: Store, service: Service) {
  const root = trust(await stored(store));
  const logs = { rekor: root.tlogs, ctlog: root.ctlogs };
  const chains = { fulcio: root.certificateAuthorities, tsa: root.timestampAuthorities };
  return service === 'rekor' || service === 'ctlog'
    ? logs[service].map(({ publicKey }) => publicKey?.validFor)
    : chains[service].map(({ validFor }) => validFor);
}

const files = async (store: Store) =>
  publishedTargets(await stored(store))
    .flatMap(({ name, custom }) => (custom?.sigstore ? [`${name} ${custom.sigstore.status}`] : []))
    .sort();

/** What older clients find, who refuse a second certificate of a TSA. */
const usual = [
  ...['ctfe.pub', 'fulcio_v1.crt.pem', 'rekor.pub'],
  ...['tsa_intermediate_0.crt.pem', 'tsa_leaf.crt.pem', 'tsa_root.crt.pem'],
].map((name) => `${name} Active`);
const names = {
  ctlog: { own: true, coming: 'ctfe_baefeda9.pub Active', before: 'ctfe_a69e2b92.pub Expired' },
  rekor: { own: true, coming: 'rekor_ebdb9146.pub Active', before: 'rekor_81aefacb.pub Expired' },
  fulcio: {
    own: true,
    coming: 'fulcio_v1_ef16c27a.crt.pem Active',
    before: 'fulcio_v1_a97f0d6e.crt.pem Expired',
  },
  tsa: { own: false, coming: '', before: '' },
} as const;

describe.each(services)('the next key of %s', (service) => {
  it('is trusted beside the present one, which ends once it is the present one', async () => {
    const store = await supplied();
    await runAt(store, days[0]!);
    const [alone] = await windows(store, service);

    await announce(store, service);
    expect(await runAt(store, days[1]!)).toMatchObject({ status: 0 });
    const both = await windows(store, service);
    expect(both).toHaveLength(2);
    expect(both[0]).toEqual(alone);
    expect(both[1]?.end?.toISOString() ?? 'none').not.toBe(days[1]);
    const separate = await files(store);

    // Nothing more is to be said at the next run.
    expect((await runAt(store, days[1]!)).writes).toEqual([]);

    await settle(store, service);
    expect(await runAt(store, days[2]!)).toMatchObject({ status: 0 });
    const after = await windows(store, service);
    expect(after[0]).toEqual({ start: alone?.start, end: new Date(days[2]!) });
    expect(after[1]).toEqual(both[1]);
    const { own, before, coming } = names[service];
    expect(own ? separate.filter((one) => !usual.includes(one)) : separate).toEqual(
      own ? [coming] : usual,
    );
    expect(await files(store)).toEqual([...usual, ...(own ? [before] : [])].sort());
  });

  it('gets an end where it is given up', async () => {
    const store = await supplied();
    await runAt(store, days[0]!);
    const [alone] = await windows(store, service);
    await announce(store, service);
    await runAt(store, days[1]!);
    const ref = copies[service];
    const remove = Object.keys(coming(second[service]));
    await store.write(ref, { remove }, await store.read(ref));
    const { status, stderr } = await runAt(store, days[2]!);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain('gave an end to');
    const after = await windows(store, service);
    expect(after[0]).toEqual(alone);
    expect(after[1]?.end).toEqual(new Date(days[2]!));
  });
});

describe('a next key', () => {
  it('of a log begins when it was made, a little before', async () => {
    const store = await supplied();
    await announce(store, 'rekor');
    await runAt(store, days[1]!);
    expect((await windows(store, 'rekor'))[1]?.start).toEqual(new Date('2030-01-30T23:55:00Z'));
  });

  it('that cannot be read is refused by its place, and nothing is published', async () => {
    const store = await supplied();
    await put(store, { rekor: { [nextKey('public')]: new Uint8Array(Buffer.from('none')) } });
    const { status, stderr } = await runAt(store, days[0]!);
    expect(status).toBe(65);
    expect(stderr).toContain('the next key in Secret tuf-system/rekor-pub-key key public');
  });

  it('may have a name of its own to sign with, which Rekor has from then on', async () => {
    const store = await supplied();
    const hostname = new Uint8Array(Buffer.from('rekor.example.com'));
    await announce(store, 'rekor');
    await put(store, { rekor: { [nextKey('hostname')]: hostname } });
    await runAt(store, days[1]!);
    const names = trust(await stored(store)).tlogs.map(({ baseUrl }) => baseUrl);
    expect(names).toEqual(['http://rekor.rekor-system.svc', 'http://rekor.example.com']);
  });
});
