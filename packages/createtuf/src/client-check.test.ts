import { runJob } from '@sigstand/job/testing';
import { describe, expect, it } from 'vitest';
import { checkWithClient } from './client-check.ts';
import { createTuf } from './job.ts';
import { runAt, stored, supplied } from './testing.ts';

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

  it('keeps what it refuses from being published', async () => {
    const store = await supplied();
    const late = { now: hourAgo, args: ['--timestamp-expiry=30m'] };
    const { status, stderr } = await runJob(createTuf(), store, late);
    expect(status).toBe(70);
    expect(stderr).toContain('a TUF client refuses the repository that was signed');
    await expect(stored(store)).rejects.toThrow('has no 1.root.json');
  });
});
