import { beforeAll, describe, expect } from 'vitest';
import { describeAccess } from './export-access.ts';
import { describeClient } from './export-clients.ts';
import { describeFolder } from './export-folder.ts';
import { describePage } from './export-page.ts';
import { describeProber } from './export-prober.ts';
import { clients } from './export-shell.ts';
import type { Exported } from './export-stack.ts';

/** What `npm run export` writes for each client, and that the client signs and verifies with nothing else. */
export function describeExport(there: () => Exported): void {
  beforeAll(async () => {
    const { folder } = there();
    const { status, stdout, stderr } = await there().export(folder);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain(`${folder} has `);
  });

  describe('the folder', () => describeFolder(there));
  describe('reading the cluster', () => describeAccess(there));
  describe.each(clients)('%s, as the folder says', (client) => describeClient(client, there));
  describe('the page of the trust root', () => describePage(there));
  // Last, since it asks for entries of the log.
  describe('a prober', () => describeProber(there));
}
