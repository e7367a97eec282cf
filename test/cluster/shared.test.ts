import { afterAll, beforeAll, describe, expect } from 'vitest';
import { describeAdmission } from '../admission/admission.ts';
import { signAsStrangers } from '../admission/ground.ts';
import { emptyCluster } from '../bench/bring-up/reset.ts';
import { applyAll, bringUp } from './bring-up.ts';
import { tufService } from './clients/tuf-service.ts';
import { describeExport } from './export.ts';
import { type Exported, exportedFrom } from './export-stack.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { rig } from './rig.ts';
import { describeStatus } from './status.ts';
import { describeUp } from './up.ts';

/*
 * Journeys that share a cluster, since none of them minds the one before: the export reads a stack, `sigstand status`
 * breaks it, `sigstand up` brings up another, and admission wants an empty cluster, and images that a stack before has
 * signed.
 */

const instance = 'shared';
let exported: Exported | undefined;
let manifests = '';
let gateway: Gateway | undefined;

beforeAll(async () => {
  exported = await exportedFrom(instance);
  const { cluster, work, folder } = exported;
  manifests = await bringUp(cluster, work);
  // Before there is anything to trust.
  expect(await exported.export(folder, '--timeout=1s')).toMatchObject({
    status: 69,
    stderr: expect.stringContaining('createtuf writes it'),
  });
  await applyAll(cluster, manifests);
  gateway = await openGateway(cluster, work);
  await signAsStrangers(there());
});

afterAll(async () => {
  await gateway?.close();
  await exported?.remove();
  // Also where the bring-up failed half-way.
  await rig(instance).must(['down']);
});

function there() {
  const { cluster, work } = exported as Exported;
  const open = gateway as Gateway;
  return { cluster, work, manifests, gateway: open, tuf: tufService(cluster, open, work) };
}

describe('export', () => describeExport(() => exported as Exported));
describe('status', () => describeStatus(there));
describe('up', () => {
  beforeAll(() => emptyCluster(there().cluster));
  describeUp(there);
});
describe('admission', () => {
  beforeAll(() => emptyCluster(there().cluster));
  describeAdmission(there);
});
