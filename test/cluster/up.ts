import { expect, it } from 'vitest';
import { type Packed, packed } from '../packed.ts';
import { type Rig, waste } from './rig.ts';

/** A stack that `sigstand up` brought up. */
export interface Raised {
  readonly cluster: Rig;
  readonly cli: Packed;
  readonly first: Awaited<ReturnType<Rig['exec']>>;
}

/** Brings up a stack by `npx sigstand-X.tgz up` from a folder that holds nothing else, and signs. */
export async function raise(cluster: Rig): Promise<Raised> {
  const cli = await packed();
  return { cluster, cli, first: await up({ cluster, cli }, '--token=default/default') };
}

// The rig has other bytes under the same names, and so other digests.
const up = ({ cluster, cli }: Omit<Raised, 'first'>, ...args: string[]) =>
  cluster.exec([...cli.command, 'up', '--by-tag', ...args]);

/** What it said of a stack from nothing, and what it does to one that is there. */
export function describeUp(there: () => Raised): void {
  const changed = (stdout: string): { object: string; outcome: string }[] =>
    JSON.parse(stdout).changed;

  it('brings up the stack, and signs and verifies, without a Pod in vain', async () => {
    const { status, stdout, stderr } = there().first;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/✔ Job tuf-system\/createtuf +\d+\.\d s/);
    expect(stdout).toMatch(/✔ signed and verified, and all in order +\d+\.\d s/);
    expect(stdout).toMatch(/^Of (\d+) objects: \1 created\.$/m);
    const { failedPods, restarts } = await waste(there().cluster);
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
  });

  it('changes nothing the second time', async () => {
    const { status, stdout } = await up(there(), '--json');
    expect({ status, changed: changed(stdout) }).toEqual({ status: 0, changed: [] });
  });

  it('names an image that cannot be pulled, long before it ends, and goes on when that is mended', async () => {
    const { status, stderr } = await up(there(), '--registry=nobody.example/team', '--timeout=20s');
    const why = /the image nobody\.example\/team\/\w+:0\.1\.0 cannot be pulled: /;
    const [first = ''] = stderr.split('\n');
    expect(first).toMatch(/^sigstand up: waiting: /);
    expect(first).toMatch(why);
    expect(stderr).toMatch(/error: .* or name another place by --registry; then run it again/);
    expect(status).toBe(69);
    const again = await up(there(), '--json', '--token=default/default');
    expect(again).toMatchObject({ status: 0, stderr: '' });
    // Jobs take no other image; Fulcio's Deployment and createtuf's CronJob, which have one of ours as well, do.
    const outcomes = changed(again.stdout).map(({ outcome }) => outcome);
    expect(outcomes.filter((one) => one === 'remade')).toHaveLength(9);
    expect(outcomes.filter((one) => one !== 'remade')).toEqual(['changed', 'changed']);
  });
}
