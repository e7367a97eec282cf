import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Packed, packed } from '../packed.ts';
import { type Rig, waste } from './rig.ts';

/** `npx sigstand-X.tgz up` from a folder that holds nothing else, on a cluster without a stack. */
export function describeUp(there: () => { readonly cluster: Rig }): void {
  let cli: Packed;
  beforeAll(async () => {
    cli = await packed();
  });
  afterAll(() => cli.remove());

  // The rig has other bytes under the same names, and so other digests.
  const up = (...args: string[]) =>
    there().cluster.exec([...cli.command, 'up', '--by-tag', ...args]);
  const changed = (stdout: string): { object: string; outcome: string }[] =>
    JSON.parse(stdout).changed;

  it('brings up the stack, and signs and verifies, without a Pod in vain', async () => {
    const { status, stdout, stderr } = await up('--token=default/default');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/✔ Job tuf-system\/createtuf +\d+\.\d s/);
    expect(stdout).toMatch(/✔ signed and verified, and all in order +\d+\.\d s/);
    expect(stdout).toMatch(/^Of (\d+) objects: \1 created\.$/m);
    const { failedPods, restarts } = await waste(there().cluster);
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
  });

  it('changes nothing the second time', async () => {
    const { status, stdout } = await up('--json');
    expect({ status, changed: changed(stdout) }).toEqual({ status: 0, changed: [] });
  });

  it('names an image that cannot be pulled, long before it ends, and goes on when that is mended', async () => {
    const { status, stderr } = await up('--registry=nobody.example/team', '--timeout=20s');
    const why = /the image nobody\.example\/team\/\w+:0\.1\.0 cannot be pulled: /;
    const [first = ''] = stderr.split('\n');
    expect(first).toMatch(/^sigstand up: waiting: /);
    expect(first).toMatch(why);
    expect(stderr).toMatch(/error: .* or name another place by --registry; then run it again/);
    expect(status).toBe(69);
    const again = await up('--json', '--token=default/default');
    expect(again).toMatchObject({ status: 0, stderr: '' });
    // Jobs take no other image; Fulcio's Deployment and createtuf's CronJob, which have one of ours as well, do.
    const outcomes = changed(again.stdout).map(({ outcome }) => outcome);
    expect(outcomes.filter((one) => one === 'remade')).toHaveLength(9);
    expect(outcomes.filter((one) => one !== 'remade')).toEqual(['changed', 'changed']);
  });
}
