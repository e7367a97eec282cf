import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Finding, statusOf } from './finding.ts';
import { discoveryBy } from './issuer.ts';
import { look, type View } from './look.ts';
import recorded from './recorded.json' with { type: 'json' };
import { type Recording, replay } from './replay.ts';
import { report, summary, table } from './report.ts';
import type { Answer, Asked } from './way.ts';

/* What a healthy stack answered once, and each link of it broken on its own. */

const recording: Recording = recorded;
const { seen } = recording;
const day = 86_400_000;
const rekor = 'http://rekor.rekor-system.svc';
const ctlog = 'http://ctlog.ctlog-system.svc/sigstorescaffolding';
const fulcio = 'http://fulcio.fulcio-system.svc';
const tsa = 'http://tsa.tsa-system.svc/api/v1/timestamp';

// tuf-js asks the clock itself.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: new Date(recording.now) }));
afterEach(() => vi.useRealTimers());

type Change = (asked: Asked, was: Answer | undefined) => Answer | undefined;

const looked = (change?: Change, view: Partial<View> = {}) => {
  const way = replay(recording, change);
  return look({
    ...{ way, seen, mirror: 'http://tuf.tuf-system.svc', soon: 30 * day },
    ...{ now: () => new Date(), nonce: Buffer.from(recording.nonce, 'base64') },
    discovery: discoveryBy(way, undefined),
    ...view,
  });
};

/** Another answer to one URL. */
const answering =
  (url: string, body: (was: Buffer) => string | Buffer, status = 200): Change =>
  (asked, was) =>
    asked.url === url
      ? { status, type: '', body: Buffer.from(body(was?.body ?? Buffer.alloc(0))) }
      : was;

const silent =
  (origin: string): Change =>
  (asked, was) =>
    asked.url.startsWith(origin) ? undefined : was;

const bodyOf = (url: string) =>
  Buffer.from(recording.answers[`GET ${url}`]?.body ?? '', 'base64').toString();

/** JSON with some of its fields changed. */
const changed = (fields: (was: Record<string, string>) => object) => (was: Buffer) => {
  const object = JSON.parse(was.toString()) as Record<string, string>;
  return JSON.stringify({ ...object, ...fields(object) });
};

const disorder = (findings: readonly Finding[]) =>
  findings
    .filter(({ outcome }) => outcome === 'fail' || outcome === 'warn')
    .map(({ outcome, check, subject, kind }) => [check, subject, kind ?? outcome]);

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const tsaChain = bodyOf(`${tsa}/certchain`);
const tsaRoot = tsaChain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)?.at(-1) ?? '';
const fulcioRoot = JSON.parse(bodyOf(`${fulcio}/api/v2/trustBundle`)).chains[0].certificates[0];
const der = (pem: string) => pem.replaceAll(/-----[^-]+-----|\s/g, '');

/** The same checkpoint, signed by another key under the hint of the one that clients trust. */
function signedByAnother({ signedTreeHead = '' }: Record<string, string>) {
  const [text = '', signatures = ''] = signedTreeHead.split(/(?<=\n)\n/);
  const [dash, name, own = ''] = signatures.trim().split(' ');
  const hint = Buffer.from(own, 'base64').subarray(0, 4);
  const signature = Buffer.concat([hint, sign('sha256', Buffer.from(text), privateKey)]);
  return { signedTreeHead: `${text}\n${dash} ${name} ${signature.toString('base64')}\n` };
}

function sthByAnother(sth: Record<string, string>) {
  const signed = Buffer.alloc(50);
  signed.writeUInt8(1, 1);
  signed.writeBigUInt64BE(BigInt(sth.timestamp ?? 0), 2);
  signed.writeBigUInt64BE(BigInt(sth.tree_size ?? 0), 10);
  Buffer.from(sth.sha256_root_hash ?? '', 'base64').copy(signed, 18);
  const signature = sign('sha256', signed, privateKey);
  const head = Buffer.from([4, 3, 0, signature.length]);
  return { tree_head_signature: Buffer.concat([head, signature]).toString('base64') };
}

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
    expect(await found({ size: was.size + 2 })).toEqual([[check, url, 'contradiction']]);
    // Of the same size, no proof is asked for.
    expect(await found({ size: was.size + 1 })).toEqual([[check, url, 'contradiction']]);
  });

  it('a mirror that serves what is older than what was seen', async () => {
    const roles = { ...seen.roles, timestamp: 2, snapshot: 2 };
    const { findings, next } = await looked(undefined, { seen: { ...seen, roles } });
    expect(disorder(findings)).toEqual([
      ['tuf-versions', 'http://tuf.tuf-system.svc', 'contradiction'],
    ]);
    expect(findings.find(({ check }) => check === 'tuf-versions')?.says).toContain(
      'timestamp 1 after 2, snapshot 1 after 2',
    );
    expect(next.roles).toEqual(roles);
  });

  it('another first root than was seen', async () => {
    const { findings } = await looked(undefined, { seen: { ...seen, firstRoot: 'ab'.repeat(32) } });
    expect(disorder(findings)).toEqual([
      ['tuf-first-root', 'http://tuf.tuf-system.svc', 'contradiction'],
    ]);
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

  it('a mirror that is no mirror, and one that is silent', async () => {
    const { findings } = await looked((asked, was) =>
      was && asked.url.includes('tuf-system') ? { ...was, status: 404 } : was,
    );
    expect(disorder(findings)).toEqual([
      ['tuf-mirror', 'http://tuf.tuf-system.svc', 'unavailable'],
    ]);
    expect(disorder((await looked(silent('http://tuf'))).findings)).toEqual(disorder(findings));
  });

  it('a repository that another key signed', async () => {
    const { findings } = await looked(
      answering(
        'http://tuf.tuf-system.svc/timestamp.json',
        changed(() => ({ signatures: [] })),
      ),
    );
    expect(disorder(findings)).toEqual([
      ['tuf-mirror', 'http://tuf.tuf-system.svc', 'contradiction'],
    ]);
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

describe('what is told', () => {
  it('has what is wrong last, with what to do, and is one line each', async () => {
    const { findings } = await looked(silent(rekor));
    const lines = table(findings).trimEnd().split('\n');
    expect(lines).toHaveLength(findings.length + 1);
    expect(lines.at(-2)).toMatch(
      /^FAIL {2}address +http:\/\/rekor\.rekor-system\.svc +http.*ENOTFOUND/,
    );
    expect(lines.at(-1)).toMatch(/^ +-> see whether its Pod runs/);
    expect(summary(findings)).toMatch(/^1 of \d+ checks fail: address$/);
    expect(JSON.parse(report(findings))).toEqual({ exitStatus: 69, checks: findings });
  });

  it('lets no service move the cursor', () => {
    const says = 'a\n\u001b[2Jb';
    const told = table([{ check: 'c', subject: 's', outcome: 'ok', says }]);
    expect(told).toBe('ok    c  s  a [2Jb\n');
  });
});
