import { describe, expect, it } from 'vitest';
import { runAt, stored, supplied } from './testing.ts';

const start = '2030-01-01T00:00:00Z';

describe('--…-renew', () => {
  it.each(['root', 'targets', 'snapshot', 'timestamp'])(
    'of %s is refused where it is as long as the lifetime: each run would sign anew',
    async (role) => {
      const args = [`--${role}-expiry=40d`, `--${role}-renew=40d`];
      const { status, stderr } = await runAt(await supplied(), start, args);
      expect(status).toBe(64);
      expect(stderr).toContain(`--${role}-renew is not shorter than --${role}-expiry`);
    },
  );

  it('may be a little shorter, and a run at the same time writes nothing then', async () => {
    const store = await supplied();
    const args = ['--timestamp-expiry=40d', '--timestamp-renew=39d'];
    expect(await runAt(store, start, args)).toMatchObject({ status: 0 });
    expect(await runAt(store, start, args)).toMatchObject({ status: 0, writes: [] });
    expect((await stored(store)).timestamp.version).toBe(1);
  });
});

it('nobody is called for a root that ends soon, and that the Job renews by itself', async () => {
  const { status, stderr } = await runAt(await supplied(), start, ['--root-expiry=10d']);
  expect(status).toBe(0);
  expect(stderr).not.toContain('who holds its key');
});
