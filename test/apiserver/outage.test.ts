import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoordinationV1Api, CoreV1Api, V1MicroTime } from '@kubernetes/client-node';
import { records } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended } from '../../packages/sigstand/src/testing.ts';
import type { Fault, Faults } from '../faults/requests.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { type ServedStack, servedStack } from './served-stack.ts';

/* The API server goes away under sigstand rotate, backup and restore, is slow, or has no time. */

let stack: ServedStack;
beforeAll(async () => {
  stack = await servedStack();
});
afterAll(() => stack?.stop());

/** The API server is away for so long, from the nth request on, or the nth change; what is asked meanwhile has no answer. */
function awayFrom(
  nth: number,
  milliseconds: number,
  what: 'change' | 'request' = 'change',
): Faults {
  let count = 0;
  let since = Number.POSITIVE_INFINITY;
  return ({ writes }) => {
    if (writes || what === 'request') count += 1;
    if (count >= nth) since = Math.min(since, Date.now());
    const isAway = Date.now() >= since && Date.now() < since + milliseconds;
    return isAway ? { kind: 'drop', when: 'before' } : undefined;
  };
}

/** The API server itself is killed at the nth change, and comes again after so long. */
function killedAt(nth: number, milliseconds: number, what: 'change' | 'request' = 'change') {
  let count = 0;
  let back: Promise<void> | undefined;
  const kill = async () => {
    await stack.plane.kill();
    back = sleep(milliseconds).then(() => stack.plane.start());
  };
  const faults: Faults = ({ writes }) => {
    if (!writes && what === 'change') return undefined;
    count += 1;
    return count === nth ? { kind: 'hold', until: kill() } : undefined;
  };
  return { faults, back: () => back };
}

/** Every sixth request has no answer, or a late one. */
function hardPressed(): Faults {
  const statuses = [429, 500, 502, 503, 504].map((status) => ({ kind: 'answer', status }) as const);
  const faults: readonly Fault[] = [...statuses, { kind: 'truncate' }, { kind: 'delay', ms: 300 }];
  return ({ n }) => (n % 6 === 0 ? faults[(n / 6) % faults.length] : undefined);
}

/** Each change is made, and nobody hears of it; asked for again, it is answered. */
function losingAnswers(): Faults {
  let isLost = false;
  return ({ writes }) => {
    isLost = writes && !isLost;
    return isLost ? { kind: 'drop', when: 'after' } : undefined;
  };
}

/** Makes the Lease as old as it is after so many seconds. */
async function aged(seconds: number) {
  const api = kubeconfigAt(stack.plane.kubeconfig).makeApiClient(CoordinationV1Api);
  const place = { namespace: 'tuf-system', name: 'sigstand' };
  const lease = await api.readNamespacedLease(place);
  const renewTime = new V1MicroTime(Date.now() - seconds * 1_000);
  await api.replaceNamespacedLease({
    ...place,
    body: { ...lease, spec: { ...lease.spec, renewTime } },
  });
}

const held = async () =>
  Object.fromEntries(
    await Promise.all(
      records.map(async (one) => {
        const { version: _, ...found } = (await stack.store.read(one)) ?? { version: '' };
        return [show(one), found] as const;
      }),
    ),
  );

/** One line or a few, of which none is a trace or has a secret. */
async function expectPlain({ stdout, stderr }: Ended, lines: number) {
  expect(stderr.split('\n').filter(Boolean).length).toBeLessThanOrEqual(lines);
  expect(stderr).not.toMatch(/\n\s+at |unforeseen/);
  for (const one of records.filter(({ kind }) => kind === 'Secret')) {
    const { data = {} } = (await stack.store.read(one)) ?? {};
    for (const bytes of Object.values(data)) {
      const text = Buffer.from(bytes).toString();
      if (text.length > 12) expect(stdout + stderr).not.toContain(text);
    }
  }
}

const done = { status: 0, stderr: expect.not.stringContaining('error:') };
const waiting = /^sigstand \w+: waiting: the API server (did not answer \(\w+\)|answered \d+)$/;

const gaveUp = /error: .*the API server did not answer \(\w+\); .*run (it|this) again/;

/** What sigstand status says of rotations. */
async function rotationSeen() {
  const { stdout } = await stack.cli(['status', '--json']);
  const { checks } = JSON.parse(stdout) as { checks: { check: string }[] };
  return checks.find(({ check }) => check === 'rotation');
}

/** That it waited, and said so once. */
function expectWaited({ stderr }: Ended) {
  const lines = stderr.split('\n').filter(Boolean);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(waiting);
}

describe('sigstand rotate', () => {
  it('waits for an API server that is killed under it, and goes on', async () => {
    // The fourth change is the copy that tells clients.
    const { faults, back } = killedAt(4, 2_000);
    const ended = await stack.cli(['rotate', 'tsa'], { faults });
    await back();
    expect(ended).toMatchObject(done);
    expect(ended.stdout).toMatch(/ok {2}make.*ok {2}finish/s);
    expectWaited(ended);
    await expectPlain(ended, 1);
  });

  it('ends with 75 where it stays away, and the same command goes on to the end', async () => {
    const before = await held();
    const first = await stack.cli(['rotate', 'rekor'], {
      faults: awayFrom(6, 60_000),
      outage: 1_500,
    });
    expect(first.status).toBe(75);
    expect(first.stderr).toMatch(gaveUp);
    await expectPlain(first, 2);
    // Half rotated, and both keys are kept.
    const half = await held();
    expect(half['Secret rekor-system/rekor-signing-secret']).toEqual(
      before['Secret rekor-system/rekor-signing-secret'],
    );
    expect(await rotationSeen()).toMatchObject({
      ...{ outcome: 'ok', subject: 'rekor' },
      says: expect.stringMatching(
        /^it is under way; \S+ \w{8} works on the stack; next is serve: /,
      ),
    });
    await aged(61);
    expect(await rotationSeen()).toMatchObject({
      outcome: 'warn',
      says: expect.stringMatching(/^it is under way; nobody works on it; next is serve: /),
      todo: 'sigstand rotate rekor goes on with it from there',
    });
    await aged(58);
    const again = await stack.cli(['rotate', 'rekor']);
    expect(again).toMatchObject(done);
    expect(again.stderr).toMatch(
      /^sigstand rotate: waiting: Lease tuf-system\/sigstand is held by /,
    );
    expect(again.stdout).toContain('is under way');
    expect(again.stdout).toMatch(/ok {2}finish/);
    expect(await rotationSeen()).toBeUndefined();
  });

  it.each([
    ['tuf-keys', 'often has no time', hardPressed],
    ['tsa', 'loses the answer to each change once', losingAnswers],
    ['rekor', 'loses the answer to each change once', losingAnswers],
  ])('brings %s to its end, though the API server %s', async (what, _how, befalling) => {
    const ended = await stack.cli(['rotate', what], { faults: befalling() });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^rotates .*ok {2}finish/s);
  });
});

describe('sigstand rotate --give-up', () => {
  it.each(['tsa', 'rekor'])('of %s has nothing to do where nothing is under way', async (what) => {
    const ended = await stack.cli(['rotate', what, '--give-up']);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^no rotation of .* is under way\n$/);
    const told = await stack.cli(['rotate', what, '--give-up', '--json', '--dry-run']);
    expect(JSON.parse(told.stdout)).toMatchObject({ what, underWay: false, plan: [], done: [] });
  });
});

describe('sigstand backup', () => {
  const flags = ['backup', '--external-database', '--unencrypted'];
  const files = async () => (await readdir(stack.work)).filter((name) => name.includes('.tar'));

  it('waits for an API server that is killed under it, and writes all of it', async () => {
    const { faults, back } = killedAt(12, 2_000, 'request');
    const ended = await stack.cli([...flags, `--to=${stack.work}/a.tar`], { faults });
    await back();
    expect(ended).toMatchObject(done);
    expectWaited(ended);
    await expectPlain(ended, 1);
    expect(await files()).toEqual(['a.tar']);
  });

  it('leaves no half of a file where it stays away, and writes all of it the next time', async () => {
    const to = `--to=${stack.work}/b.tar`;
    // Half of what it reads after the dump is read.
    for (const nth of [2, 40]) {
      const faults = awayFrom(nth, 60_000, 'request');
      const ended = await stack.cli([...flags, to], { faults, outage: 1_200 });
      expect(ended.status).toBe(75);
      expect(ended.stderr).toMatch(gaveUp);
      await expectPlain(ended, 2);
      expect(await files()).toEqual(['a.tar']);
    }
    expect(await stack.cli([...flags, to])).toMatchObject({ status: 0, stderr: '' });
    expect(await files()).toEqual(['a.tar', 'b.tar']);
  });
});

describe('sigstand restore', () => {
  const core = () => kubeconfigAt(stack.plane.kubeconfig).makeApiClient(CoreV1Api);
  const restore = (...args: string[]) => ['restore', `--from=${stack.work}/b.tar`, ...args];

  /** Loses all objects but those that Deployments could not go without. */
  async function lose() {
    for (const { kind, namespace, name } of records) {
      if (kind === 'Secret') await core().deleteNamespacedSecret({ namespace, name });
      else await core().deleteNamespacedConfigMap({ namespace, name });
    }
  }

  it.each([
    ['is killed under it', () => killedAt(9, 2_000), waiting],
    [
      'loses the answer to each change once',
      () => ({ faults: losingAnswers(), back: async () => {} }),
      /^$/,
    ],
  ])('puts all back though the API server %s', async (_what, befalling, said) => {
    const before = await held();
    await lose();
    const { faults, back } = befalling();
    const ended = await stack.cli(restore(), { faults });
    await back();
    expect(ended).toMatchObject(done);
    expect(ended.stderr.trim()).toMatch(said);
    await expectPlain(ended, 1);
    expect(await held()).toEqual(before);
  });

  it('ends with 75 where it stays away, and goes on from there, and overwrites nothing', async () => {
    const before = await held();
    await lose();
    const faults = awayFrom(8, 60_000);
    const first = await stack.cli(restore(), { faults, outage: 1_200 });
    expect(first.status).toBe(75);
    expect(first.stderr).toMatch(gaveUp);
    await expectPlain(first, 2);
    const there = Object.values(await held()).filter((one) => 'data' in one);
    expect(there.length).toBeGreaterThan(3);
    expect(there.length).toBeLessThan(records.length);
    const versions = await Promise.all(
      records.map(async (one) => (await stack.store.read(one))?.version),
    );
    await aged(59);
    const again = await stack.cli(restore());
    expect(again).toMatchObject(done);
    expect(await held()).toEqual(before);
    const now = await Promise.all(
      records.map(async (one) => (await stack.store.read(one))?.version),
    );
    expect(now.filter((version, nth) => version === versions[nth])).toHaveLength(there.length);
  });
});

describe('sigstand status', () => {
  const checks = ({ stdout }: Ended) =>
    (JSON.parse(stdout).checks as { check: string; subject: string; outcome: string }[])
      .map(({ check, subject, outcome }) => `${outcome} ${check} ${subject}`)
      .sort();

  it('finds what it would have found, where the API server goes away for a moment', async () => {
    const before = await stack.cli(['status', '--json']);
    expect(checks(before)).toContain('ok tuf-mirror http://tuf.tuf-system.svc');
    for (const nth of [2, 5, 9]) {
      const ended = await stack.cli(['status', '--json'], {
        faults: awayFrom(nth, 300, 'request'),
      });
      expect(checks(ended)).toEqual(checks(before));
    }
  });

  it('ends with 75 where it stays away', async () => {
    const ended = await stack.cli(['status'], {
      faults: awayFrom(2, 60_000, 'request'),
      outage: 500,
    });
    expect(ended.status).toBe(75);
    expect(ended.stdout).toMatch(/^FAIL {2}tuf-mirror .* the API server did not answer \(\w+\)$/m);
    await expectPlain(ended, 2);
  });
});

describe('sigstand export and down', () => {
  it.each([['export'], ['down', '--dry-run']])('wait for it as well: %s', async (...words) => {
    const to = words.includes('export') ? [`--to=${stack.work}/trust`] : [];
    // down asks for several things at first, and one has to be answered.
    const faults = awayFrom(words.includes('down') ? 20 : 2, 300, 'request');
    expect(await stack.cli([...words, ...to], { faults })).toMatchObject({ status: 0, stderr: '' });
  });
});
