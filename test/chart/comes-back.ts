import { join } from 'node:path';
import { expect } from 'vitest';
import { handsOn } from '../cluster/restoring-cli.ts';
import type { Rig } from '../cluster/rig.ts';
import { versions } from '../cluster/stack.ts';
import { up } from './company-stack.ts';
import { helmOn } from './on-rig.ts';

/* What the CLI's verbs do where the database is somebody else's. */

/** What its administrator does to a database. */
export interface Keeper {
  save(): Promise<unknown>;
  lose(): Promise<unknown>;
  load(): Promise<unknown>;
}

/** The stack and its database are lost, and come back: the one from a backup by the CLI, the other from its keeper. */
export async function comesBack(
  cluster: Rig,
  work: string,
  { save, lose, load }: Keeper,
  install: () => Promise<void>,
): Promise<void> {
  const { cli, backup, restore } = await handsOn(cluster, work);
  const saved = await cli(...backup, '--external-database');
  expect(saved).toMatchObject({ status: 0 });
  expect(JSON.parse(saved.stdout)).toMatchObject({ database: 'external' });
  await save();
  const stored = await secretsOf(cluster);
  expect(stored.length).toBeGreaterThan(0);
  await helmOn(cluster, join(work, 'helm'), 'helm', 'uninstall', 'sigstand');
  const all = ['namespaces', '-l', 'app.kubernetes.io/part-of=sigstand'];
  await cluster.kubectl('delete', ...all, '--timeout=5m');
  await lose();
  expect(await secretsOf(cluster)).toEqual([]);

  await load();
  const restored = await cli(...restore);
  expect(restored).toMatchObject({ status: 0 });
  expect(JSON.parse(restored.stdout)).toMatchObject({ database: 'external' });
  await install();
  await up(cluster);
  expect(await secretsOf(cluster)).toEqual(stored);
}

/** The database is not theirs: they say so, and change nothing. */
export async function leavesTheDatabase(cluster: Rig, work: string): Promise<void> {
  const { cli, backup } = await handsOn(cluster, work);
  const before = await versions(cluster);
  expect(await cli('rotate', 'database')).toMatchObject({
    status: 78,
    stderr: expect.stringMatching(/no root password .*not this stack's own: docs\/database\.md/),
  });
  expect(await cli(...backup)).toMatchObject({
    status: 69,
    stderr: expect.stringContaining('if the database is another one, give --external-database'),
  });
  expect(await versions(cluster)).toEqual(before);
}

/** The stack's Secrets, and what is in them. */
async function secretsOf(cluster: Rig): Promise<string[]> {
  type Secret = { metadata: { namespace: string; name: string }; type: string; data: object };
  const { items } = await cluster.get<{ items: Secret[] }>('secrets', '-A');
  return items
    .filter(({ metadata, type }) => /-system$/.test(metadata.namespace) && type === 'Opaque')
    .map(({ metadata, data }) => `${metadata.namespace}/${metadata.name} ${JSON.stringify(data)}`)
    .sort();
}
