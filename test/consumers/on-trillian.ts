import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTree } from '@sigstand/createtree/job';
import { runJob } from '@sigstand/job/testing';
import { directoryStore } from '@sigstand/store/directory';
import type { Store } from '@sigstand/store/store';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Server } from '../programs/server.ts';
import { type RunningTrillian, startTrillian } from '../programs/trillian.ts';

/** What a test of a log has. */
export interface OnTrillian {
  /** The same one for all tests of the file. */
  trillian: RunningTrillian;
  /** With nothing in it at the start of each test. */
  folder: string;
  /** Of the records in the folder. */
  store: Store;
  /** What the test started; it is stopped after it. */
  server: Server | undefined;
  /** Makes the tree of this test's log; its name is its own, since Trillian keeps those of other tests. */
  plantTree(...args: string[]): Promise<void>;
}

/** Gives each test of a file a store of its own, and all of them one Trillian; filled when a test begins. */
export function onTrillian(name: string): OnTrillian {
  const here = {
    async plantTree(...more) {
      const log = `--display-name=${name}${here.folder.slice(-6)}`;
      const args = [`--admin-server=${here.trillian.address}`, log, ...more];
      expect(await runJob(createTree(), here.store, { args })).toMatchObject({ status: 0 });
    },
  } as OnTrillian;
  beforeAll(async () => {
    here.trillian = await startTrillian();
  });
  afterAll(() => here.trillian?.stop());
  beforeEach(async () => {
    here.folder = await mkdtemp(join(tmpdir(), `sigstand-${name}-`));
    here.store = directoryStore(here.folder);
  });
  afterEach(async () => {
    await here.server?.stop();
    here.server = undefined;
    await rm(here.folder, { recursive: true });
  });
  return here;
}
