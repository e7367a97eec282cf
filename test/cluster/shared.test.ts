import { afterAll, beforeAll, describe, expect } from 'vitest';
import { describeAdmission } from '../admission/admission.ts';
import { signAsStrangers } from '../admission/ground.ts';
import { emptyCluster } from '../bench/bring-up/reset.ts';
import { bringUp } from './bring-up.ts';
import { tufService } from './clients/tuf-service.ts';
import { describeDown } from './down.ts';
import { describeExport } from './export.ts';
import { type Exported, exportedFrom } from './export-stack.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { rig } from './rig.ts';
import { describeStatus } from './status.ts';
import { describeUp, type Raised, raise } from './up.ts';

/*
 * Journeys that share a cluster, since none of them minds the one before: `sigstand up` brings up a stack, the export
 * reads it, `sigstand status` breaks it, `sigstand down` takes it away, and admission wants an empty cluster, and images that another stack has signed.
 */

const instance = 'shared';
let exported: Exported | undefined;
let manifests = '';
let gateway: Gateway | undefined;
let raised: Raised | undefined;

beforeAll(async () => {
  exported = await exportedFrom(instance);
  const { cluster, work, folder } = exported;
  manifests = await bringUp(cluster, work);
  // Before there is anything to trust.
  expect(await exported.export(folder, '--timeout=1s')).toMatchObject({
    status: 69,
    stderr: expect.stringContaining('createtuf writes it'),
  });
  raised = await raise(cluster);
  gateway = await openGateway(cluster, work);
  await signAsStrangers(there());
});

afterAll(async () => {
  await gateway?.close();
  await raised?.cli.remove();
  await exported?.remove();
  // Also where the bring-up failed half-way.
  await rig(instance).must(['down']);
});

function there() {
  const { cluster, work } = exported as Exported;
  const open = gateway as Gateway;
  return { cluster, work, manifests, gateway: open, tuf: tufService(cluster, open, work) };
}

describe('up', () => describeUp(() => raised as Raised));
describe('export', () => describeExport(() => exported as Exported));
describe('status', () => describeStatus(there));
describe('down', () => describeDown(() => raised as Raised));
describe('admission', () => {
  beforeAll(() => emptyCluster(there().cluster));
  describeAdmission(there);
});
