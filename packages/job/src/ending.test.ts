import { memoryStore } from '@sigstand/store/memory';
import { patient } from '@sigstand/store/patient';
import { type Store, StoreError, type StoreErrorCode } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { jobCommand } from './command.ts';
import { exitStatus, type Failure, JobError } from './errors.ts';
import { defineJob, type JobContext } from './main.ts';
import { runJob } from './testing.ts';
import { waitForKeys } from './wait.ts';

const job = (run: (context: JobContext) => Promise<void>) =>
  defineJob(jobCommand('example', 'An example.', { version: '1', namespace: 'ns' }), run);

const failing = (error: unknown, ...args: string[]) =>
  runJob(
    job(() => Promise.reject(error)),
    memoryStore(),
    { args },
  );

/** What Kubernetes keeps of a failed container's log: its last 2,048 bytes. */
const kept = (log: string) => Buffer.from(log).subarray(-2_048).toString();

const failures = Object.keys(exitStatus).filter((one) => one !== 'done') as Failure[];
const codes: StoreErrorCode[] = [
  'CONFLICT',
  'FORBIDDEN',
  'UNAUTHENTICATED',
  'NO_NAMESPACE',
  'TERMINATING',
  'INVALID',
  'REFUSED',
  'IMMUTABLE',
  'UNAVAILABLE',
  'UNEXPECTED',
];

describe('the last line', () => {
  it.each(failures)('of a Job that ends with %s says what to do', async (failure) => {
    const { status, stderr } = await failing(new JobError(failure, 'that is wrong'));
    expect(status).toBe(exitStatus[failure]);
    expect(stderr).toMatch(/^example: error: that is wrong; \w.{10,}\n$/);
  });

  it.each(codes)('of a Job whose store says %s says what to do', async (code) => {
    const { stderr } = await failing(new StoreError(code, 'get Secret ns/name: no'));
    expect(stderr).toMatch(/^example: error: get Secret ns\/name: no; \w.{10,}\n$/);
  });

  it('passes on what the store knows to do', async () => {
    const { stderr } = await failing(new StoreError('FORBIDDEN', 'no', { hint: 'grant it' }));
    expect(stderr).toBe('example: error: no; grant it\n');
  });

  const long = '€uro "quoted" \\ 👍🏽 '.repeat(5_000);
  describe.each(['text', 'json'])('in the format %s', (format) => {
    const last = async (error: JobError) => {
      const { stderr } = await failing(error, `--log-format=${format}`);
      expect(Buffer.byteLength(stderr)).toBeLessThanOrEqual(1_500);
      expect(kept(stderr)).toBe(stderr);
      expect(stderr).toMatch(/^[^\n]+\n$/);
      return format === 'json' ? (JSON.parse(stderr).message as string) : stderr;
    };

    it('cuts a message of 100 kB between two characters, and keeps what to do', async () => {
      const message = await last(
        new JobError('data', `Secret ns/name ${long}`, { hint: 'do that' }),
      );
      expect(message).toMatch(/error: Secret ns\/name €uro/);
      expect(message).toMatch(/\.\.\. \(\d+ bytes are left out\); do that\n?$/);
      expect(message).not.toMatch(/\ufffd|[\ud800-\udbff](?![\udc00-\udfff])/);
    });

    it('cuts a hint of 100 kB, and keeps what is wrong', async () => {
      const message = await last(new JobError('data', 'that is wrong', { hint: long }));
      expect(message).toMatch(/error: that is wrong; €uro.*\(\d+ bytes are left out\)\n?$/);
    });

    it('writes nothing that a terminal obeys', async () => {
      const message = await last(new JobError('data', 'a\u001b[2Jb\r\nc\u0000d\u2028e\tf'));
      expect(message).toContain('error: a [2Jb c d e f; ');
    });
  });

  it('is one line, like every other, whatever a stranger’s text has in it', async () => {
    const forging = job(async ({ log }) => log('of a\nexample: error: forged\u001b[2J'));
    const { stderr } = await runJob(forging, memoryStore());
    expect(stderr).toBe('example: of a example: error: forged [2J\n');
  });

  it('is JSON for a wrong flag too, where JSON is asked for', async () => {
    for (const args of [
      ['--log-format=json', '--wrong'],
      ['--wrong', '--log_format', 'json'],
    ]) {
      const { status, stderr } = await runJob(
        job(async () => {}),
        memoryStore(),
        { args },
      );
      expect(status).toBe(64);
      expect(JSON.parse(stderr)).toMatchObject({ message: expect.stringContaining('--wrong') });
    }
  });

  it('is whole in what Kubernetes keeps of a long log', async () => {
    const talks = job(async ({ log }) => {
      for (let line = 0; line < 50; line += 1) log(`line ${line} ${'x'.repeat(3_000)}`);
      throw new JobError('data', 'that is wrong', { hint: 'do that' });
    });
    const { stderr } = await runJob(talks, memoryStore());
    expect(kept(stderr)).toContain('\nexample: error: that is wrong; do that\n');
    expect(Math.max(...stderr.split('\n').map((line) => Buffer.byteLength(line)))).toBeLessThan(
      1_500,
    );
  });
});

describe('a Job that is told to stop', () => {
  const ref = { kind: 'Secret', namespace: 'ns', name: 'late' } as const;
  const awaiting = job((context) =>
    waitForKeys(context, ref, { keys: ['public'], madeBy: 'another' }).then(() => {}),
  );
  const silent: Store = {
    ...memoryStore(),
    read: () => new Promise(() => {}),
    write: () => new Promise(() => {}),
  };
  const refusing: Store = {
    ...memoryStore(),
    read: () => Promise.reject(new StoreError('UNAVAILABLE', 'no')),
    write: () => Promise.reject(new StoreError('UNAVAILABLE', 'no')),
  };

  it.each<[string, (signal: AbortSignal) => Store]>([
    ['waits for an input', () => memoryStore()],
    ['waits for an API server that never answers', () => silent],
    [
      'waits for an API server that is down',
      (signal) => patient(refusing, { limits: { UNAVAILABLE: 60_000 }, onWait: () => {}, signal }),
    ],
  ])('while it %s ends with 75 within a second', async (_what, open) => {
    const stop = new AbortController();
    const running = runJob(awaiting, open(stop.signal), { signal: stop.signal });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const told = performance.now();
    stop.abort();
    const { status, stderr } = await running;
    expect(performance.now() - told).toBeLessThan(1_000);
    expect(status).toBe(75);
    expect(stderr).toMatch(/error: stopped before it was done; run it again, it goes on from/);
  });

  it('still ends with 0 where it was all but done', async () => {
    const stop = new AbortController();
    const writing = job(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    const running = runJob(writing, memoryStore(), { signal: stop.signal });
    stop.abort();
    expect(await running).toMatchObject({ status: 0 });
  });

  it('before it began ends with 75', async () => {
    expect(await runJob(awaiting, silent, { signal: AbortSignal.abort() })).toMatchObject({
      status: 75,
    });
  });
});
