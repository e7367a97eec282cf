import { converge } from '@sigstand/store/converge';
import { memoryStore } from '@sigstand/store/memory';
import { StoreError } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { gnuStyle, jobCommand, refusedFlag } from './command.ts';
import { JobError } from './errors.ts';
import { defineJob, type JobContext } from './main.ts';
import { runJob } from './testing.ts';
import { waitForKeys } from './wait.ts';

const command = () =>
  jobCommand('example', 'An example.', { version: '1.2.3', namespace: 'ns' })
    .option('--signing-secret <name>', 'a name', 'default')
    .addOption(refusedFlag('--password <text>', 'it is random'));

const job = (run: (context: JobContext, options: object) => Promise<void> = async () => {}) =>
  defineJob(command(), run);

describe('the command line', () => {
  it('takes Go’s way of writing flags as well as GNU’s', () => {
    expect(gnuStyle(['-admin_server=a_b', '--tree_id', 'x_y', '-h', '--', '-not_a_flag'])).toEqual([
      '--admin-server=a_b',
      '--tree-id',
      'x_y',
      '-h',
      '--',
      '-not_a_flag',
    ]);
  });

  it('hands the options over, typed and defaulted', async () => {
    let seen: object = {};
    const run = async (_context: JobContext, options: object) => {
      seen = options;
    };
    await runJob(job(run), memoryStore(), { args: ['--signing_secret=other', '--timeout=1m'] });
    expect(seen).toMatchObject({ signingSecret: 'other', namespace: 'ns', timeout: 60_000 });
  });

  it.each([
    ['--help', 'Usage: example'],
    ['--version', '1.2.3'],
  ])('answers %s on standard output with status 0', async (flag, text) => {
    const { status, stdout, stderr } = await runJob(job(), memoryStore(), { args: [flag] });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(text);
  });

  it.each([
    ['--unknown=hunter2', "unknown option '--unknown'"],
    ['--namespace=Not_A_Name', '--namespace'],
    ['--timeout=soon', '--timeout'],
    ['--store=nowhere', '--store'],
    ['--store=dir:', 'Write kubernetes or dir:PATH; '],
    ['--log-format=xml', '--log-format'],
    ['--signing-secret', '--signing-secret'],
    ['hunter2', 'too many arguments: all that is taken are flags'],
    ['--HUNTER2-hunter2', 'unknown option'],
    ['--log-format=hunter2', "option '--log-format <format>' has a value that is invalid"],
    [`--signing-secret=${'hunter2'.repeat(1_000)}`, 'the value of --signing-secret has 7017 char'],
    [`${'hunter2'.repeat(1_000)}`, 'an argument has 7000 characters'],
    ['--password=hunter2', '--password is not taken: it is random'],
  ])('refuses %s with one line and status 64', async (arg, text) => {
    const { status, stderr } = await runJob(job(), memoryStore(), { args: [arg] });
    expect(status).toBe(64);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('hunter2');
  });
});

it('is not done where standard output does not take what was asked for', async () => {
  const written = async () => 'ENOSPC';
  for (const args of [['--help'], []]) {
    expect(await runJob(job(), memoryStore(), { args, written })).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('standard output cannot be written: ENOSPC'),
    });
  }
});

describe('the exit status', () => {
  const ending = (error: Error) =>
    runJob(
      job(() => Promise.reject(error)),
      memoryStore(),
    );

  it.each([
    ['CONFLICT', 75],
    ['FORBIDDEN', 77],
    ['UNAUTHENTICATED', 77],
    ['NO_NAMESPACE', 69],
    ['TERMINATING', 65],
    ['INVALID', 65],
    ['IMMUTABLE', 78],
    ['UNAVAILABLE', 75],
  ] as const)('of a store that says %s is %i', async (code, expected) => {
    const { status, stderr } = await ending(new StoreError(code, 'get Secret ns/name: no'));
    expect(status).toBe(expected);
    expect(stderr).toContain('get Secret ns/name: no');
  });

  it('of an unforeseen error is 70, without its message and without a stack', async () => {
    const { status, stderr } = await ending(new TypeError('cannot read hunter2'));
    expect(status).toBe(70);
    expect(stderr).toMatch(/^example: error: unforeseen TypeError; please report it.*\n$/);
    expect(stderr).not.toContain('hunter2');
  });

  it('of a Job that was told to stop is 75', async () => {
    const stop = new AbortController();
    const running = runJob(
      job(({ waitFor }) => waitFor({ what: 'nothing' }, async () => undefined)),
      memoryStore(),
      { signal: stop.signal },
    );
    setTimeout(() => stop.abort(), 50);
    expect(await running).toMatchObject({ status: 75 });
  });

  it('is told with the hint on the same line, and as JSON where asked', async () => {
    const error = new JobError('data', 'this is\nwrong', { hint: 'do that' });
    const failing = job(() => Promise.reject(error));
    const { stderr } = await runJob(failing, memoryStore(), { args: ['--log-format=json'] });
    expect(JSON.parse(stderr)).toMatchObject({
      job: 'example',
      message: 'error: this is wrong; do that',
    });
  });
});

describe('waiting', () => {
  const ref = { kind: 'Secret', namespace: 'ns', name: 'late' } as const;
  const waiting = job(async (context) => {
    await waitForKeys(context, ref, { keys: ['public'], madeBy: 'another' });
  });

  it('goes on soon after the input is there', async () => {
    const store = memoryStore();
    const running = runJob(waiting, store);
    setTimeout(() => {
      converge(store, ref, () => ({ data: { public: new Uint8Array([1]) } })).catch(() => {});
    }, 200);
    const { status, stderr } = await running;
    expect(status).toBe(0);
    expect(stderr).toBe('example: waiting for Secret ns/late, public (another writes it)\n');
  });

  it('ends with 69 at the deadline and says what did not come', async () => {
    const { status, stderr } = await runJob(waiting, memoryStore(), { args: ['--timeout=300ms'] });
    expect(status).toBe(69);
    expect(stderr).toContain('error: Secret ns/late, public did not come within');
    expect(stderr).toContain('another writes it');
  });

  it('takes a key without content for one that is not there', async () => {
    const store = memoryStore();
    await store.write(ref, { data: { public: new Uint8Array() } });
    expect(await runJob(waiting, store, { args: ['--timeout=200ms'] })).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('Secret ns/late, public did not come within 200 ms'),
      writes: [],
    });
  });
});
