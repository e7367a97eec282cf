import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Result, Rig } from '../cluster/rig.ts';

/** What became of a Pod that somebody asked for. */
export interface Verdict {
  readonly admitted: boolean;
  /** What kubectl shows. */
  readonly said: string;
}

let pods = 0;

/** Asks for a Pod with an image, as `kubectl run` does; the API server makes none. */
export async function ask(cluster: Rig, namespace: string, image: string): Promise<Verdict> {
  pods += 1;
  const args = ['run', `asked-${pods}`, '-n', namespace, '--image', image, '--dry-run=server'];
  return verdictOf(await cluster.exec(['kubectl', ...args], { timeout: 90_000 }));
}

/** Asks for a Pod with an image that is admitted, and another in an init container. */
export async function askBeside(
  cluster: Rig,
  namespace: string,
  { admitted, other }: { admitted: string; other: string },
): Promise<Verdict> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'asked-beside', namespace },
    spec: {
      initContainers: [{ name: 'first', image: other }],
      containers: [{ name: 'main', image: admitted }],
    },
  };
  const create = ['kubectl', 'create', '--dry-run=server', '-f', '-'];
  return verdictOf(await cluster.exec(create, { input: JSON.stringify(pod) }));
}

/** Asks for an image in a Pod that runs, as `kubectl debug` does. */
export async function askInto(
  cluster: Rig,
  namespace: string,
  { pod, image }: { pod: string; image: string },
): Promise<Verdict> {
  const debug = ['kubectl', 'debug', pod, '-n', namespace, '--image', image, '--attach=false'];
  return verdictOf(await cluster.exec(debug));
}

function verdictOf({ status, stdout, stderr }: Result): Verdict {
  return { admitted: status === 0, said: (stdout + stderr).trim() };
}

/** With one decimal, from what performance.now() was. */
export function secondsSince(began: number): string {
  return ((performance.now() - began) / 1_000).toFixed(1);
}

export function admits(verdict: Verdict): void {
  expect(verdict).toMatchObject({ admitted: true });
}

export function refuses({ admitted, said }: Verdict, why: RegExp): void {
  expect({ admitted, said }).toEqual({ admitted: false, said: expect.stringMatching(why) });
}

/** Asks until it is so; resolves to how many seconds that took. @throws {Error} After the limit, with the last answer. */
export async function until(
  cluster: Rig,
  [namespace, image]: readonly [string, string],
  admitted: boolean,
): Promise<number> {
  const limit = 120;
  const began = performance.now();
  for (;;) {
    const verdict = await ask(cluster, namespace, image);
    const seconds = (performance.now() - began) / 1_000;
    if (verdict.admitted === admitted) return seconds;
    if (seconds > limit) throw new Error(`after ${limit} s: ${verdict.said}`);
    await sleep(250);
  }
}
