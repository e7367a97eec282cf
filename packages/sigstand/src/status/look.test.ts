import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { statusOf } from './finding.ts';
import { readSeen, seenText } from './seen.ts';
import {
  answering,
  type Change,
  changed,
  ctlog,
  day,
  der,
  disorder,
  fulcio,
  fulcioRoot,
  looked,
  mirror,
  otherKey,
  recording,
  rekor,
  seen,
  signedByAnother,
  silent,
  sthByAnother,
  tsa,
  tsaRoot,
} from './testing.ts';

/* What a healthy stack answered once, and each link of it broken on its own. */

// tuf-js asks the clock itself.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: new Date(recording.now) }));
afterEach(() => vi.useRealTimers());

describe('a healthy stack', () => {
  it('is said to be in order, with status 0', async () => {
    const { findings } = await looked();
    expect(disorder(findings)).toEqual([]);
    expect(statusOf(findings)).toBe(0);
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set([
        ...['tuf-mirror', 'tuf-first-root', 'tuf-versions', 'tuf-expiry', 'certificates'],
        ...['address', 'fulcio-chain', 'fulcio-issuers', 'rekor-key', 'rekor-checkpoint'],
        ...['rekor-tree', 'ctlog-key', 'ctlog-roots', 'ctlog-tree', 'tsa-chain'],
        ...['tsa-timestamp', 'tsa-clock', 'issuer'],
      ]),
    );
  });

  it('leaves what the next look compares with', async () => {
    const { next } = await looked(undefined, { seen: {} });
    expect(next.firstRoot).toBe(seen.firstRoot);
    expect(next.roles).toEqual(seen.roles);
    expect(next.logs?.[rekor]).toMatchObject({ size: (seen.logs?.[rekor]?.size ?? 0) + 1 });
    expect(next.logs?.[ctlog]).toMatchObject({ size: (seen.logs?.[ctlog]?.size ?? 0) + 1 });
    expect(disorder((await looked(undefined, { seen: next })).findings)).toEqual([]);
  });
});

describe('a broken link is named, and nothing else', () => {
  const head = `${rekor}/api/v1/log`;
  const sth = `${ctlog}/ct/v1/get-sth`;
  it.each<[string, Change, string[]]>([
    ['another key of Rekor', answering(`${head}/publicKey`, () => otherKey), ['rekor-key', rekor]],
    [
      'a checkpoint by another key',
      answering(head, changed(signedByAnother)),
      ['rekor-checkpoint', rekor],
    ],
    ['another key of the CT log', answering(sth, changed(sthByAnother)), ['ctlog-key', ctlog]],
    [
      'a CT log without Fulcio’s root',
      answering(`${ctlog}/ct/v1/get-roots`, () => JSON.stringify({ certificates: [der(tsaRoot)] })),
      ['ctlog-roots', ctlog],
    ],
    [
      'another chain of the TSA',
      answering(`${tsa}/certchain`, () => fulcioRoot),
      ['tsa-chain', tsa],
    ],
    [
      'an issuer that Fulcio does not know',
      answering(`${fulcio}/api/v2/configuration`, () => '{"issuers":[{"issuerUrl":"https://x"}]}'),
      ['fulcio-issuers', fulcio],
    ],
    [
      'an issuer of another name',
      answering('https://kubernetes.default.svc/.well-known/openid-configuration', () =>
        JSON.stringify({ issuer: 'https://other' }),
      ),
      ['issuer', 'https://kubernetes.default.svc'],
    ],
    [
      'a tree that Rekor does not know any more',
      answering(
        head,
        changed(() => ({ treeID: '12' })),
      ),
      ['rekor-tree', rekor],
    ],
  ])('%s', async (_what, change, [check, subject]) => {
    const { findings, next } = await looked(change);
    expect(disorder(findings)).toEqual([[check, subject, 'contradiction']]);
    expect(statusOf(findings)).toBe(78);
    expect(next.logs?.[subject ?? '']).toEqual(seen.logs?.[subject ?? '']);
  });

  it('another chain of Fulcio, whose root the CT log does not accept', async () => {
    const body = JSON.stringify({ chains: [{ certificates: [tsaRoot] }] });
    const { findings } = await looked(answering(`${fulcio}/api/v2/trustBundle`, () => body));
    expect(disorder(findings)).toEqual([
      ['fulcio-chain', fulcio, 'contradiction'],
      ['ctlog-roots', ctlog, 'contradiction'],
    ]);
  });

  it.each([
    ['Rekor', rekor, 'http://rekor.rekor-system.svc', rekor],
    ['Fulcio', fulcio, 'http://fulcio.fulcio-system.svc', fulcio],
    ['the CT log', ctlog, 'http://ctlog.ctlog-system.svc', ctlog],
    ['the TSA', tsa, 'http://tsa.tsa-system.svc', tsa],
  ])('a URL where nobody answers: %s', async (_what, _url, origin, subject) => {
    const { findings } = await looked(silent(origin));
    expect(disorder(findings)).toEqual([['address', subject, 'unavailable']]);
    expect(statusOf(findings)).toBe(69);
  });

  it('a TSA that answers 500 to what it should stamp', async () => {
    const change: Change = (asked, was) =>
      was && (asked.method === 'POST' ? { ...was, status: 500 } : was);
    expect(disorder((await looked(change)).findings)).toEqual([
      ['tsa-timestamp', tsa, 'unavailable'],
    ]);
  });

  it('a timestamp of something else', async () => {
    const { findings } = await looked(undefined, { nonce: Buffer.from('other') });
    expect(disorder(findings)).toEqual([['tsa-timestamp', tsa, 'contradiction']]);
  });

  it.each([
    ['rekor-tree', rekor],
    ['ctlog-tree', ctlog],
  ])('a log that does not begin as it was seen: %s', async (check, url) => {
    const was = { size: 1, root: '', ...seen.logs?.[url] };
    const other = (log: object) => ({ ...seen, logs: { ...seen.logs, [url]: { ...was, ...log } } });
    const found = async (log: object) =>
      disorder((await looked(undefined, { seen: other(log) })).findings);
    expect(await found({ root: 'ab'.repeat(32) })).toEqual([[check, url, 'contradiction']]);
    const shrunk = await looked(undefined, { seen: other({ size: was.size + 2 }) });
    expect(disorder(shrunk.findings)).toEqual([[check, url, 'contradiction']]);
    expect(shrunk.findings.find((one) => one.check === check)?.says).toMatch(
      / has 4 entries, and 5 were seen before$/,
    );
    // Of the same size, no proof is asked for.
    expect(await found({ size: was.size + 1 })).toEqual([[check, url, 'contradiction']]);
  });

  it('a log that goes on in another tree, and what becomes of the one before', async () => {
    const { tree: old = '', size = 0 } = seen.logs?.[rekor] ?? {};
    const info = (other: (was: Record<string, string>) => object) =>
      answering(
        `${rekor}/api/v1/log`,
        changed((was) => ({ ...was, treeID: '42', ...other(was) })),
      );
    const shard = ({ signedTreeHead = '' }: Record<string, string>, treeID = old) => ({
      inactiveShards: [{ treeID, signedTreeHead }],
    });
    const moved = await looked(info(shard));
    expect(disorder(moved.findings)).toEqual([]);
    expect(moved.findings.find(({ check }) => check === 'rekor-tree')?.says).toBe(
      `tree 42 has ${size + 1} entries; it was not seen before; before it one frozen tree`,
    );
    const kept = moved.next.logs?.[rekor];
    expect(kept).toMatchObject({ tree: '42', before: [{ tree: old, size: size + 1 }] });
    expect(readSeen(seenText(moved.next), '--state').logs?.[rekor]).toEqual(kept);
    // From then on both are watched.
    expect(disorder((await looked(info(shard), { seen: moved.next })).findings)).toEqual([]);
    for (const broken of [
      info(() => ({ inactiveShards: null })),
      info((was) => shard(was, '43')),
      info((was) => ({
        inactiveShards: [
          { treeID: old, signedTreeHead: was.signedTreeHead?.replace(/\n\d+\n/, '\n1\n') },
        ],
      })),
    ]) {
      const wrong = disorder((await looked(broken, { seen: moved.next })).findings);
      expect(wrong).toContainEqual(['rekor-tree', rekor, 'contradiction']);
    }
    const forged = info((was) => ({
      inactiveShards: [{ treeID: old, ...signedByAnother(was) }],
    }));
    expect(disorder((await looked(forged, { seen: moved.next })).findings)).toEqual([
      ['rekor-checkpoint', rekor, 'contradiction'],
    ]);
  });

  it('a mirror that serves what is older than what was seen', async () => {
    const roles = { ...seen.roles, timestamp: 2, snapshot: 2 };
    const { findings, next } = await looked(undefined, { seen: { ...seen, roles } });
    expect(disorder(findings)).toEqual([['tuf-versions', mirror, 'contradiction']]);
    expect(findings.find(({ check }) => check === 'tuf-versions')?.says).toContain(
      'timestamp 1 after 2, snapshot 1 after 2',
    );
    expect(next.roles).toEqual(roles);
  });

  it('another first root than was seen', async () => {
    const { findings } = await looked(undefined, { seen: { ...seen, firstRoot: 'ab'.repeat(32) } });
    expect(disorder(findings)).toEqual([['tuf-first-root', mirror, 'contradiction']]);
  });

  it('a timestamp that nobody signed again: first a warning, then no trust at all', async () => {
    vi.setSystemTime(Date.parse(recording.now) + 6 * day);
    const warned = (await looked()).findings.filter(({ check }) => check === 'tuf-expiry');
    expect(disorder(warned)).toEqual([['tuf-expiry', 'timestamp', 'warn']]);
    expect(statusOf(warned)).toBe(0);
    vi.setSystemTime(Date.parse(recording.now) + 8 * day);
    const { findings, next } = await looked();
    expect(disorder(findings)).toEqual([['tuf-expiry', 'timestamp', 'data']]);
    expect(findings.find(({ check }) => check === 'services')?.outcome).toBe('none');
    expect(statusOf(findings)).toBe(65);
    expect(next).toEqual(seen);
  });

  it('a certificate near its end', async () => {
    const { findings } = await looked(undefined, { soon: 11 * 365 * day });
    expect(disorder(findings)).toEqual([
      ['certificates', 'fulcio', 'warn'],
      ['certificates', 'tsa', 'warn'],
    ]);
    expect(statusOf(findings)).toBe(0);
  });

  it('a clock that is off', async () => {
    vi.setSystemTime(Date.parse(recording.now) + 120_000);
    const { findings } = await looked();
    expect(disorder(findings)).toEqual([['tsa-clock', tsa, 'data']]);
    expect(findings.find(({ check }) => check === 'tsa-clock')?.says).toMatch(/, 1[12]\d s from/);
  });

  it('a clock that is behind all that clients trust, and not a chain that has ended', async () => {
    vi.setSystemTime(Date.parse(recording.now) - 30 * day);
    const { findings } = await looked();
    const told = findings.filter(({ check }) => check === 'certificates');
    expect(disorder(told)).toEqual([
      ['certificates', 'fulcio', 'data'],
      ['certificates', 'tsa', 'data'],
    ]);
    for (const { says, todo } of told) {
      expect(says).toMatch(
        /^clients trust no chain of it before \S+Z, and the clock here says \S+Z$/,
      );
      expect(todo).toContain('set the clock here');
    }
  });

  it('a mirror that is no mirror, and one that is silent', async () => {
    const { findings } = await looked((asked, was) =>
      was && asked.url.includes('tuf-system') ? { ...was, status: 404 } : was,
    );
    expect(disorder(findings)).toEqual([['tuf-mirror', mirror, 'unavailable']]);
    expect(disorder((await looked(silent('http://tuf'))).findings)).toEqual(disorder(findings));
  });

  it('a repository that another key signed', async () => {
    const { findings } = await looked(
      answering(
        'http://tuf.tuf-system.svc/timestamp.json',
        changed(() => ({ signatures: [] })),
      ),
    );
    expect(disorder(findings)).toEqual([['tuf-mirror', mirror, 'contradiction']]);
  });
});

describe('an answer that is garbage', () => {
  const garbage = ['', 'null', '[]', '{}', '"x"', '<html>', '{"chains":7,"issuers":{},"treeID":1}'];
  const urls = Object.keys(recording.answers)
    .map((key) => key.slice(key.indexOf(' ') + 1))
    .filter((url) => !url.includes('tuf-system'));
  it.each([...new Set(urls)])('fails its own check: %s', async (url) => {
    for (const text of garbage) {
      const { findings } = await looked(answering(url, () => text));
      const kinds = disorder(findings).map(([, , kind]) => kind);
      expect(kinds.length, text).toBeGreaterThan(0);
      expect(kinds).not.toContain('bug');
    }
  });
});
