import { runJob } from '@sigstand/job/testing';
import { describe, expect, it } from 'vitest';
import { checkWithClient } from './client-check.ts';
import { createTuf } from './job.ts';
import { inputs, put, runAt, stored, supplied } from './testing.ts';

const hourAgo = () => new Date(Date.now() - 3_600_000);

describe('the client that checks', () => {
  it('reads a repository after a new root, from the first one on', async () => {
    const store = await supplied();
    await runAt(store, hourAgo().toISOString(), ['--root-expiry=90m']);
    expect(await runJob(createTuf(), store)).toMatchObject({ status: 0 });
    const repository = await stored(store);
    expect(repository.root.version).toBe(2);
    await checkWithClient(repository);
  });

  it.each([
    ['expired metadata', hourAgo().toISOString(), 'Final timestamp.json is expired'],
    ['what it cannot find', new Date().toISOString(), 'not in the repository'],
  ])('refuses %s, and says why', async (what, time, message) => {
    const store = await supplied();
    await runAt(store, time, ['--timestamp-expiry=30m']);
    const repository = await stored(store);
    const { 'timestamp.json': gone, ...files } = repository.files;
    const served = what.startsWith('expired') ? { ...files, 'timestamp.json': gone! } : files;
    await expect(checkWithClient({ ...repository, files: served })).rejects.toThrow(message);
  });

  it('refuses another list of targets than the one that was signed', async () => {
    const store = await supplied();
    await runJob(createTuf(), store);
    const before = await stored(store);
    await put(store, { rekor: inputs('second').rekor });
    await runJob(createTuf(), store);
    const { targets } = await stored(store);
    expect(targets.version).toBe(2);
    await expect(checkWithClient({ ...before, targets })).rejects.toThrow(
      'it took another list of targets',
    );
  });

  it.each([
    ['a target with other bytes', /^[0-9a-f]{64}\.rekor\.pub$/, (bytes: Buffer) => bytes.fill('x')],
    [
      'a target with more bytes',
      /^[0-9a-f]{64}\.rekor\.pub$/,
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')]),
    ],
    // The signature is the same, but clients read no more than 16 kB of it.
    [
      'a timestamp.json that is too long',
      /^timestamp\.json$/,
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(20_000, ' ')]),
    ],
  ])('refuses %s', async (_what, which, change) => {
    const store = await supplied();
    await runJob(createTuf(), store);
    const repository = await stored(store);
    await checkWithClient(repository);
    const changed = Object.entries(repository.files).map(([name, bytes]) => [
      name,
      which.test(name) ? change(Buffer.from(bytes)) : bytes,
    ]);
    const files = Object.fromEntries(changed);
    await expect(checkWithClient({ ...repository, files })).rejects.toThrow('a TUF client refuses');
  });

  it('keeps what it refuses from being published', async () => {
    const store = await supplied();
    const late = { now: hourAgo, args: ['--timestamp-expiry=30m'] };
    const { status, stderr } = await runJob(createTuf(), store, late);
    expect(status).toBe(70);
    expect(stderr).toContain('a TUF client refuses the repository that was signed');
    await expect(stored(store)).rejects.toThrow('has no 1.root.json');
  });
});
