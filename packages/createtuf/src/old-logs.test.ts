import { copies } from '@sigstand/contracts/records';
import { oldLogPath, oldLogsNote, oldLogsText } from '@sigstand/contracts/shards';
import { systemEntropy } from '@sigstand/pki/entropy';
import { fingerprint, parsePublicKey, publicKeyOf, publicPem } from '@sigstand/pki/keys';
import type { Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { logIdOf } from './log-id.ts';
import { publishedTargets } from './repository.ts';
import { inputs, runAt, stored, supplied, trust } from './testing.ts';

/* CT logs in which nobody writes any more, as `sigstand rotate ctlog --new-log` notes them. */

const days = ['2030-01-01', '2030-02-01', '2030-03-01', '2030-04-01'].map(
  (day) => `${day}T00:00:00Z`,
) as [string, string, string, string];
const base = 'http://ctlog.ctlog-system.svc/sigstorescaffolding';

const keyOf = (name: 'first' | 'second') =>
  fingerprint(parsePublicKey(inputs(name).ctlog.public ?? new Uint8Array()));

async function noted(store: Store, text: string, name: 'first' | 'second' = 'second') {
  const change = { data: inputs(name).ctlog, annotations: { [oldLogsNote]: text } };
  await store.write(copies.ctlog, change, await store.read(copies.ctlog));
}

const urls = async (store: Store) => trust(await stored(store)).ctlogs.map((one) => one.baseUrl);

/** The same, as the list of targets says it of each key's own file. */
async function filed(store: Store) {
  const repository = await stored(store);
  const files = publishedTargets(repository).filter(({ name }) => name.startsWith('ctfe'));
  return trust(repository).ctlogs.map((log) => {
    const file = files.find(({ bytes }) => fingerprint(parsePublicKey(bytes)) === logIdOf(log));
    return file?.custom?.sigstore?.uri;
  });
}

describe('a CT log from before a move', () => {
  it('is told at its own address, also by a later run, and by one that is told nothing of it', async () => {
    const store = await supplied();
    await runAt(store, days[0]);
    expect(await urls(store)).toEqual([base]);
    await noted(store, oldLogsText([{ key: keyOf('first'), tree: '11' }]));
    expect(await runAt(store, days[1])).toMatchObject({ status: 0 });
    const told = [oldLogPath(base, '11'), base];
    expect(await urls(store)).toEqual(told);
    expect(trust(await stored(store)).ctlogs[0]?.publicKey?.validFor?.end).toBeDefined();
    expect((await runAt(store, days[1])).writes).toEqual([]);
    expect(await filed(store)).toEqual(told);
    await noted(store, '');
    expect(await runAt(store, days[2])).toMatchObject({ status: 0 });
    expect(await urls(store)).toEqual(told);
  });

  it('follows the address of the log that is written to', async () => {
    const store = await supplied();
    await runAt(store, days[0]);
    await noted(store, oldLogsText([{ key: keyOf('first'), tree: '11' }]));
    await runAt(store, days[1]);
    const outside = 'https://ctlog.example.com/log';
    expect(await runAt(store, days[2], [`--ctlog-url=${outside}`])).toMatchObject({ status: 0 });
    const told = [oldLogPath(outside, '11'), outside];
    expect(await urls(store)).toEqual(told);
    expect(await filed(store)).toEqual(told);
  });

  it('keeps its address where another log is moved, and its own note was lost', async () => {
    const store = await supplied();
    await runAt(store, days[0]);
    await noted(store, oldLogsText([{ key: keyOf('first'), tree: '11' }]));
    await runAt(store, days[1]);
    const third = publicPem(publicKeyOf(systemEntropy.privateKey('ecdsa-p256')));
    const annotations = { [oldLogsNote]: oldLogsText([{ key: keyOf('second'), tree: '12' }]) };
    const copy = await store.read(copies.ctlog);
    await store.write(copies.ctlog, { data: { public: third }, annotations }, copy);
    const outside = 'https://ctlog.example.com/log';
    for (const [url, args] of [
      [base, []],
      [outside, [`--ctlog-url=${outside}`]],
    ] as const) {
      expect(await runAt(store, days[2], args)).toMatchObject({ status: 0 });
      expect(await urls(store)).toEqual([oldLogPath(base, '11'), oldLogPath(url, '12'), url]);
    }
  });

  it.each([
    ['of a key that nobody was told of', oldLogsText([{ key: 'ab'.repeat(32), tree: '11' }])],
    ['that is no such note', 'everything is elsewhere'],
  ])('is not made up by a note %s', async (_what, text) => {
    const store = await supplied();
    await runAt(store, days[0]);
    await noted(store, text);
    expect(await runAt(store, days[1])).toMatchObject({ status: 0 });
    expect(await urls(store)).toEqual([base, base]);
  });
});
