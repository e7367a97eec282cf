import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryStore } from '@sigstand/store/directory';
import type { Store } from '@sigstand/store/store';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
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
}

/** Gives each test of a file a store of its own, and all of them one Trillian; filled when a test begins. */
export function onTrillian(name: string): OnTrillian {
  const here = {} as OnTrillian;
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
