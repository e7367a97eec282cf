import { beforeEach, describe, expect, it } from 'vitest';
import { long } from '../faults/profile.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { labels } from './small-stack.ts';
import { type Ground, wholeStack } from './whole-stack.ts';

/* sigstand up and down, killed after each of their changes. */

/** Each kill is a process of its own. */
export function describeKilled(there: () => Ground): void {
  const stack = wholeStack('killed', there);
  const { objects, whole, sigstand, write } = stack;
  const kubectl = (args: readonly string[]) => kubectlOn(there().plane.kubeconfig)(args);
  beforeEach(() => write(objects()));

  const flags = () => [`--manifests=${stack.file}`];
  const kinds =
    'configmap,service,serviceaccount,role,rolebinding,networkpolicy,job,deployment,statefulset,cronjob,secret';
  interface There {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly uid: string };
  }

  /** The UIDs of all that is there of the stack, by name. */
  async function uids(): Promise<Record<string, string>> {
    const part = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const all = ['get', kinds, '-n', stack.ns, '-l', ...part, '-o', 'json'];
    const { status, stdout, stderr } = await kubectl(all);
    if (status !== 0) throw new Error(stderr);
    const items = JSON.parse(stdout).items as There[];
    return Object.fromEntries(
      items.map(({ kind, metadata: { name, uid } }) => [`${kind} ${name}`, uid]),
    );
  }

  /** Brings the stack up to its end; that nobody serves there, only the look at it finds. */
  async function raised() {
    const { status, stdout, stderr } = await sigstand('up', '--take-over', '--json');
    const { steps, changed } = JSON.parse(stdout) as {
      steps: { step: string }[];
      changed: { object: string; outcome: string }[];
    };
    expect({ status, stderr }).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('checks fail: tuf-mirror'),
    });
    expect(steps.map(({ step }) => step).sort()).toEqual(
      [
        `Deployment ${stack.ns}/tuf`,
        `Job ${stack.ns}/maker`,
        `StatefulSet ${stack.ns}/db`,
        'all 11 objects applied',
      ].sort(),
    );
    expect(Object.keys(await uids()).sort()).toEqual(whole().sort());
    return changed;
  }

  /** Every step in the long run; `some` of them else. */
  const steps = (count: number, some?: readonly number[]) => {
    const all = Array.from({ length: count }, (_, nth) => nth + 1);
    return some && !long ? some : all;
  };

  describe('sigstand up, killed', () => {
    // 11 objects, and the Lease is taken.
    it.each(steps(12, [1, 4, 7, 10, 12]))(
      'after %i changes, goes on, and makes nothing twice',
      async (after) => {
        const changes = await there().killing.killed(['up', ...flags()], after);
        expect(changes.length).toBeGreaterThanOrEqual(after);
        const before = await uids();
        const changed = await raised();
        expect(await uids()).toMatchObject(before);
        expect(changed.filter(({ outcome }) => outcome !== 'created')).toEqual([]);
        expect(await raised()).toEqual([]);
      },
    );

    // The namespace, the Lease, the Job deleted and made, two servers and the schedule.
    it.each(steps(7, [3, 4]))('after %i changes of an upgrade, goes on', async (after) => {
      await raised();
      const before = await uids();
      await write(objects('a:2'));
      await there().killing.killed(['up', ...flags()], after);
      await raised();
      const { 'Job maker': old, ...others } = before;
      const now = await uids();
      expect(now).toMatchObject(others);
      expect(now['Job maker']).not.toBe(old);
      expect(await raised()).toEqual([]);
    });
  });

  describe('sigstand down, killed', () => {
    beforeEach(() => raised());

    // The Lease, and 10 objects.
    it.each(steps(11, [4, 7]))('after %i changes, goes on, and leaves the keys', async (after) => {
      const { 'Secret keys': secret } = await uids();
      await there().killing.killed(['down', ...flags()], after);
      // Or it is wanted again before it is gone.
      if (after % 2 === 0) {
        expect(await sigstand('down', '--take-over')).toMatchObject({ status: 0, stderr: '' });
        expect(await uids()).toEqual({ 'Secret keys': secret });
      }
      await raised();
      expect(await uids()).toMatchObject({ 'Secret keys': secret });
    });

    // And the namespace.
    it.each(steps(12, [11]))('after %i changes of --delete-keys, goes on', async (after) => {
      await there().killing.killed(['down', '--delete-keys', ...flags()], after);
      const { status } = await sigstand('down', '--delete-keys', '--take-over');
      expect(status).toBe(0);
      const namespace = ['get', 'namespace', stack.ns, '--ignore-not-found', '-o', 'name'];
      expect(await kubectl(namespace)).toMatchObject({ status: 0, stdout: '' });
      await raised();
    });
  });
}
