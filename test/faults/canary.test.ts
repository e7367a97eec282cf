import { randomBytes } from 'node:crypto';
import {
  copies,
  ctlogKey,
  ctlogPublicKey,
  ctlogSecrets,
  fulcioPublicKey,
  fulcioSecrets,
  mysqlCredentials,
  records,
  rekorMysqlCredentials,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
  tufKeys,
} from '@sigstand/contracts/records';
import { jobCommand } from '@sigstand/job/command';
import { JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import { type Ref, type Store, show } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { jobs, oncePods } from '../jobs.ts';
import { type Canaries, canaries, type Secret } from './canary.ts';
import {
  argsOf,
  astray,
  hitsIn,
  podOf,
  type Seen,
  shownBy,
  unseenAtHome,
} from './canary-places.ts';
import { secretsIn } from './canary-secrets.ts';
import { wrong } from './canary-wrong.ts';
import { startJob } from './process.ts';
import { long } from './profile.ts';

/** Every value and note of every record of a store, each with its place. */
async function contentOf(store: Store): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const ref of records) {
    const found = await store.read(ref);
    for (const [key, value] of Object.entries(found?.data ?? {})) {
      seen.push([`${show(ref)} key ${key}`, value]);
    }
    seen.push([`the annotations of ${show(ref)}`, JSON.stringify(found?.annotations ?? {})]);
  }
  return seen;
}

let whole: Store;
let outputs: Seen[];
let found: Canaries;
let secrets: Secret[];

beforeAll(async () => {
  whole = memoryStore();
  const runs = await Promise.all(
    oncePods.map(async (pod) => ({
      pod,
      ...(await runJob(jobs[pod.job]!(), whole, { args: argsOf(pod), env: pod.env })),
    })),
  );
  expect(runs.filter(({ status }) => status !== 0)).toEqual([]);
  outputs = runs.flatMap(({ pod, stdout, stderr }): Seen[] => [
    [`${pod.title}’s stdout`, stdout],
    [`${pod.title}’s stderr`, stderr],
  ]);
  secrets = await secretsIn(whole);
  found = canaries(secrets);
});

describe('a clean run of the seven Jobs', () => {
  it('tells no secret', () => {
    expect(outputs.length).toBe(2 * oncePods.length);
    expect(hitsIn(found, outputs)).toEqual([]);
  });

  it('keeps each secret in its own record, and none in the namespace of the TUF repository but its own', async () => {
    const hits = hitsIn(found, await contentOf(whole));
    expect(unseenAtHome(secrets, hits)).toEqual([]);
    expect(astray(hits)).toEqual([]);
  });

  it('tells no secret when it runs again, whatever the format of its log', async () => {
    for (const pod of oncePods) {
      const args = [...argsOf(pod), '--log-format=json'];
      const { status, stdout, stderr } = await runJob(jobs[pod.job]!(), whole, {
        args,
        env: pod.env,
      });
      expect({ title: pod.title, status }).toEqual({ title: pod.title, status: 0 });
      expect(hitsIn(found, [[pod.title, stdout + stderr]])).toEqual([]);
    }
  });
});

/** The store with one value of one record replaced; undefined takes it away. */
async function tampered(ref: Ref, key: string, value: Uint8Array | undefined): Promise<Store> {
  const store = memoryStore();
  for (const one of records) {
    const { data = {}, annotations = {} } = (await whole.read(one)) ?? {};
    const { [key]: _old, ...others } = data;
    const changed = value ? { ...others, [key]: value } : others;
    await store.write(one, { data: show(one) === show(ref) ? changed : data, annotations });
  }
  return store;
}

/** Which Job reads what: its own private record, the public one beside it, and its inputs. */
const readers: readonly (readonly [Ref & { keys: readonly string[] }, string])[] = [
  [rekorSigningSecret, 'rekor-createsecret'],
  [rekorPublicKey, 'rekor-createsecret'],
  [mysqlCredentials, 'trillian-createsecret'],
  [rekorMysqlCredentials, 'trillian-createsecret'],
  [fulcioSecrets, 'createcerts'],
  [fulcioPublicKey, 'createcerts'],
  [fulcioPublicKey, 'createctconfig'],
  [ctlogKey, 'createctconfig'],
  [ctlogSecrets, 'createctconfig'],
  [ctlogPublicKey, 'createctconfig'],
  [tsaCertChain, 'createcertchain'],
  [tsaCertChain, 'copysecrets'],
  [rekorPublicKey, 'copysecrets'],
  [ctlogPublicKey, 'copysecrets'],
  [fulcioPublicKey, 'copysecrets'],
  [copies.fulcio, 'copysecrets'],
  [copies.tsa, 'copysecrets'],
  [copies.fulcio, 'createtuf'],
  [copies.ctlog, 'createtuf'],
  [copies.rekor, 'createtuf'],
  [copies.tsa, 'createtuf'],
  [tufKeys, 'createtuf'],
];

const places = readers.flatMap(([ref, job]) =>
  ref.keys.map((key) => ({ place: `${show(ref)} key ${key}`, ref, key, job })),
);

/** All of the wrong secrets in the long run; else each one in every third place. */
const wrongAt = (place: (typeof places)[number]) =>
  wrong.filter((_, index) => long || (index + places.indexOf(place)) % 3 === 0);

const formats = ['text', 'json'];
let trial = 0;

describe.each(places)('$job with a wrong secret in $place', (place) => {
  const { ref, key, job } = place;
  const pod = podOf(job);

  it.each(wrongAt(place))('tells nothing of it: %s', async (_what, make) => {
    const { value, secrets: spoilt } = make();
    const own = canaries(spoilt);
    const store = await tampered(ref, key, value);
    const args = [...argsOf(pod), '--timeout=50ms'];
    for (const format of long ? formats : [formats[trial++ % 2]]) {
      const run = await runJob(jobs[pod.job]!(), store, {
        args: [...args, `--log-format=${format}`],
        env: pod.env,
      });
      expect(run.status).not.toBe(70);
      const told: Seen[] = [['its output', run.stdout + run.stderr]];
      expect(hitsIn(own, told)).toEqual([]);
      expect(hitsIn(found, told)).toEqual([]);
    }
    // Nor does it go to where others read: the notes beside the data, and the public records.
    const elsewhere = (await contentOf(store)).filter(
      ([place]) => place !== `${show(ref)} key ${key}`,
    );
    expect(hitsIn(own, elsewhere)).toEqual([]);
    expect(astray(hitsIn(found, elsewhere))).toEqual([]);
  });
});

describe.each(Object.keys(jobs))('a flag of %s', (name) => {
  const secret = `${randomBytes(24).toString('base64url')}_X!`;
  const own = canaries([{ name: 'it', bytes: utf8(secret) }]);
  type Flag = { long?: string | null };
  const { options } = jobs[name]!().command as unknown as { options: readonly Flag[] };
  const flags = options.flatMap(({ long }) => (long ? [long] : []));

  it.each([
    ...flags.flatMap((flag) => [[`${flag}=${secret}`], [flag, secret]]),
    [secret],
    [`--pasword=${secret}`],
    [`--${secret}`],
    [`-p${secret}`],
  ])('that refuses what it is given does not repeat it: %s', async (...args) => {
    const { status, stderr } = await runJob(jobs[name]!(), memoryStore(), {
      args: [...args, '--timeout=1ms'],
    });
    // What is taken for a file's name is refused as a file that cannot be read.
    if (status === 64 || status === 65) expect(own.hits('stderr', stderr)).toEqual([]);
    else expect([0, 69, 75]).toContain(status);
  });
});

describe('these tests', () => {
  const password = randomBytes(24).toString('base64url');
  const own = canaries([{ name: 'password', bytes: utf8(password) }]);
  const leaky = (run: (context: JobContext) => Promise<void>) =>
    defineJob(jobCommand('leaky', 'Leaks.', { version: '1', namespace: 'ns' }), run);

  it.each<[string, (context: JobContext) => Promise<void>]>([
    ['its log', async ({ log }) => log(`opened with ${password}`)],
    [
      'its log, in base64',
      async ({ log }) => log(Buffer.from(`{"a":"${password}"}`).toString('base64')),
    ],
    ['its error', () => Promise.reject(new JobError('data', `not ${password.slice(9, 21)}`))],
    ['its hint', () => Promise.reject(new JobError('data', 'no', { hint: password }))],
  ])('find a secret in what a Job says: %s', async (_where, run) => {
    for (const format of ['text', 'json']) {
      const args = [`--log-format=${format}`];
      const { stderr } = await runJob(leaky(run), memoryStore(), { args });
      expect(own.hits('stderr', stderr)).toHaveLength(1);
    }
  });

  it('find a secret on the command line and in the environment of a process', async () => {
    const started = startJob('createsecret', {
      args: [`--pasword=${password}`],
      env: { PASSWORD: password },
    });
    const places = hitsIn(own, await shownBy('it', started)).map(({ place }) => place);
    expect(places.toSorted()).toEqual(['it’s /proc/PID/cmdline', 'it’s /proc/PID/environ']);
  });
});
