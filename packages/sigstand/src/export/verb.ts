import type { Place } from '@sigstand/job/command';
import { waiting } from '@sigstand/job/wait';
import { storeOver } from '@sigstand/store/cluster';
import { directoryStore } from '@sigstand/store/directory';
import { type Store, StoreError } from '@sigstand/store/store';
import { defineVerb, patientAccessTo, type VerbContext, type VerbOptions } from '../verb.ts';
import { command } from './command.ts';
import { exportTrust } from './export.ts';

/** Where an export finds its stack. */
export type Opening = (
  options: Pick<VerbOptions, 'kubeconfig' | 'context'> & { readonly store: Place },
  context: VerbContext,
) => Promise<Store>;

const opened: Opening = async (options, context) => {
  if (options.store.kind === 'dir') return directoryStore(options.store.path);
  const access = await patientAccessTo(options, context);
  const store = storeOver(access, 'export');
  return { ...store, read: (ref) => store.read(ref).catch((error) => whose(access.server, error)) };
};

/** Says which API server it was that did not answer. */
function whose(server: string, error: unknown): never {
  if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE') throw error;
  throw new StoreError('UNAVAILABLE', error.message, {
    cause: error,
    hint: `see that ${server} is that cluster, and that it runs: --kubeconfig, --context`,
  });
}

/** `sigstand export`. */
export const exporting = ({ open = opened, from = '.' } = {}) =>
  defineVerb(command(), async (context, options) => {
    const { print, log, now, signal } = context;
    const waitFor = waiting({ timeout: options.timeout, signal, log });
    const store = await open(options, context);
    const made = await exportTrust({ store, waitFor, now: now(), from }, options);
    if (options.json) return print(`${JSON.stringify(made)}\n`);
    print(`1.root.json has the sha256 ${made.sha256}\n`);
    const { folder, files } = made;
    print(`${folder} has ${files.length} files; README.md there says how to use them\n`);
  });
