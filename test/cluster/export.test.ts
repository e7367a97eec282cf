import { afterAll, beforeAll, describe, expect } from 'vitest';
import { applyAll, bringUp } from './bring-up.ts';
import { describeAccess } from './export-access.ts';
import { describeClient } from './export-clients.ts';
import { describeFolder } from './export-folder.ts';
import { describeProber } from './export-prober.ts';
import { clients } from './export-shell.ts';
import { type Exported, exportedFrom } from './export-stack.ts';
import { rig } from './rig.ts';

const instance = 'export';
let exported: Exported | undefined;

beforeAll(async () => {
  exported = await exportedFrom(instance);
  const { cluster, work, folder } = exported;
  const manifests = await bringUp(cluster, work);
  // Before there is anything to trust.
  expect(await exported.export(folder, '--timeout=1s')).toMatchObject({
    status: 69,
    stderr: expect.stringContaining('createtuf writes it'),
  });
  await applyAll(cluster, manifests);
  const { status, stderr } = await exported.export(folder);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toContain(`export: ${folder} has `);
});

afterAll(async () => {
  await exported?.remove();
  await rig(instance).must(['down']);
});

const there = () => exported as Exported;
describe('the folder', () => describeFolder(there));
describe('reading the cluster', () => describeAccess(there));
describe.each(clients)('%s, as the folder says', (client) => describeClient(client, there));
// Last, since it asks for entries of the log.
describe('a prober', () => describeProber(there));
