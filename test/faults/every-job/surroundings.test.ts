import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { jobPods } from '../../jobs.ts';
import { outlines } from '../checker.ts';
import { type Harness, openHarness } from '../harness.ts';
import { figure } from '../profile.ts';
import { bringUp, otherThan, runAll } from './all.ts';

/* Where the Jobs run: their clock, their network's addresses, their user, their disk, their node. */

let harness: Harness;
let clean: string[];
beforeAll(async () => {
  harness = await openHarness('surroundings', inject('apiserver'));
  clean = outlines((await harness.state()).values());
});
afterAll(() => harness?.close());

const minute = 60_000;

describe('a clock', () => {
  it.each([
    ['that is five minutes ahead', '+5m', () => Date.now() + 5 * minute],
    ['that is five minutes behind', '-5m', () => Date.now() - 5 * minute],
    ['in 2038, after the last second of 32 bits', '@2038-01-20 03:14:08', at2038],
    ['on a leap day', '@2028-02-29 12:00:00', () => Date.parse('2028-02-29T12:00:00Z')],
  ])('%s makes certificates that are valid at its time', async (_which, clock, now) => {
    const under = ['faketime', '--exclude-monotonic', '-f', clock];
    const options = () => ({ under, env: { TZ: 'UTC' } });
    const { faults } = await bringUp(harness, options);
    expect(faults).toEqual([]);
    const state = await harness.state();
    expect(outlines(state.values())).toEqual(clean);

    const { certificates, expiries } = made([...state.values()]);
    expect(certificates.length).toBeGreaterThan(3);
    for (const { validFromDate, validToDate } of certificates) {
      // Who takes it the moment it is made may have a clock that is five minutes behind this one.
      expect(validFromDate.getTime()).toBeLessThanOrEqual(now() - 4 * minute);
      expect(validFromDate.getTime()).toBeGreaterThan(now() - 10 * minute);
      expect(validToDate.getTime()).toBeGreaterThan(now() + 365 * 24 * 60 * minute);
    }
    expect(expiries.length).toBe(4);
    for (const end of expiries) expect(end).toBeGreaterThan(now());
    expect(verified(certificates, now())).toMatch(/: OK\n$/);
    if (clock.startsWith('@')) return;

    // Others, whose clock is right, take what it made, and leave it.
    for (const { validFromDate } of certificates)
      expect(validFromDate.getTime()).toBeLessThanOrEqual(Date.now());
    const runs = await runAll(harness, harness.lane.jobs);
    expect(otherThan(0, runs)).toEqual([]);
    expect(runs.flatMap(({ traffic }) => traffic.writes)).toEqual([]);
  });
});

it('work where the only addresses are of IPv6', async () => {
  const { faults } = await bringUp(harness, () => ({ address: '::1' }));
  expect(faults).toEqual([]);
  expect(outlines((await harness.state()).values())).toEqual(clean);
});

it('work outside a cluster, where a kubeconfig says where it is', async () => {
  const { faults } = await bringUp(harness, () => ({ outside: true }));
  expect(faults).toEqual([]);
  expect(outlines((await harness.state()).values())).toEqual(clean);
});

it('work as nobody, on a root without a place to write, in the memory of their Pods', async () => {
  // The user may read what this checkout holds, wherever it is, and that is all.
  // createtuf alone has a temporary folder, as in its manifest.
  const temporary = 'mount -t tmpfs -o mode=1777,size=16m none /mnt';
  const mounts = `mount --make-rprivate / && mount -o remount,bind,ro / && ${temporary}`;
  const user = ['--reuid=65532', '--regid=65532', '--clear-groups', '--no-new-privs'];
  const reads = ['--inh-caps=-all,+dac_read_search', '--ambient-caps=+dac_read_search'];
  const under = [
    ...['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'],
    ...['setpriv', ...user, ...reads, '/usr/bin/time', '--quiet', '--format=%M KiB'],
  ];
  const { runs, faults } = await bringUp(harness, ({ job }) => ({
    under,
    env: { TMPDIR: job === 'createtuf' ? '/mnt' : '/nonexistent' },
  }));
  expect(faults).toEqual([]);
  expect(outlines((await harness.state()).values())).toEqual(clean);
  const most = Math.max(...runs.map(({ stderr }) => Number(/(\d+) KiB\n$/.exec(stderr)?.[1])));
  figure(`the most memory that a Job took: ${(most / 1024).toFixed(0)} MiB`);
  // 128 MiB and what belongs to Node's own file, which the kernel may drop and read again.
  expect(most).toBeLessThan((128 + 40) * 1024);
});

it('end with 65 where createtuf has no temporary folder, which it alone needs', async () => {
  const job = harness.lane.job('tuf-system/createtuf');
  const { reset } = await harness.prepare(job);
  await reset();
  const before = await harness.state();
  const { status, stderr } = await harness.run(job, { env: { TMPDIR: '/nonexistent' } });
  expect({ status, stderr }).toMatchObject({ status: 65 });
  const published = [...(await harness.state()).keys()].filter((place) => !before.has(place));
  // The role keys come before the check.
  expect(published.filter((place) => !place.endsWith('/tuf-keys'))).toEqual([]);
  expect(stderr).toContain('error: no folder can be made in /nonexistent');
  expect(stderr).toContain('mount an emptyDir there');
});

describe('a node that is drained', () => {
  it.each(jobPods)('costs $title none of its retries', ({ owner }) => {
    const { podFailurePolicy, backoffLimit } = owner.spec.jobTemplate?.spec ?? owner.spec;
    const drained = [expect.objectContaining({ type: 'DisruptionTarget' })];
    expect(podFailurePolicy.rules).toContainEqual({ action: 'Ignore', onPodConditions: drained });
    expect(backoffLimit).toBeGreaterThan(0);
  });
});

function at2038(): number {
  return Date.parse('2038-01-20T03:14:08Z');
}

interface Stored {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** The certificates that the Jobs make, and when each role of the repository expires. */
function made(objects: readonly Stored[]) {
  const find = (namespace: string, name: string) =>
    objects.find(
      ({ metadata }) => metadata.name === name && metadata.namespace.startsWith(`${namespace}-`),
    );
  const pem = (namespace: string, name: string, key: string) =>
    Buffer.from(find(namespace, name)?.data?.[key] ?? '', 'base64').toString();
  const chain =
    pem('fulcio', 'fulcio-secrets', 'cert') + pem('tsa', 'tsa-cert-chain', 'cert-chain');
  const certificates = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  const repository = Object.entries(find('tuf', 'tuf-repository')?.data ?? {});
  const roles = repository.filter(([file]) =>
    /^(1\.)?(root|targets|snapshot|timestamp)\.json$/.test(file),
  );
  const signed = new Map(
    roles.map(([, text]) => [JSON.parse(text).signed._type, JSON.parse(text).signed]),
  );
  return {
    certificates: certificates.map((one) => new X509Certificate(one)),
    expiries: [...signed.values()].map(({ expires }) => Date.parse(expires)),
  };
}

/** What openssl says at that time of the TSA's certificate, the first that is not Fulcio's. */
function verified([, leaf, ...issuers]: readonly X509Certificate[], time: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'sigstand-clock-'));
  try {
    const [one, all] = [join(dir, 'leaf'), join(dir, 'issuers')];
    writeFileSync(one, `${leaf}`);
    writeFileSync(all, issuers.join('\n'));
    const when = ['-attime', `${Math.floor(time / 1_000)}`];
    const args = ['verify', ...when, '-purpose', 'any', '-CAfile', all, '-untrusted', all, one];
    return execFileSync('openssl', args, { encoding: 'utf8' });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
