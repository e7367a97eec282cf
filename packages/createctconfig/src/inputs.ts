import { ctlogConfig, fulcioPublicKey } from '@sigstand/contracts/records';
import { at } from '@sigstand/job/errors';
import type { JobContext } from '@sigstand/job/main';
import { waitForKeys } from '@sigstand/job/wait';
import { type Ref, show } from '@sigstand/store/store';
import { treeIdOf } from './ct-config.ts';
import type { Wanted } from './ctlog-secret.ts';
import type { Options } from './flags.ts';
import type { Fulcio } from './fulcio.ts';
import { type Roots, refuseDisagreement, rootsOf } from './fulcio-root.ts';

/** Waits for the tree and for Fulcio's root; all waits share one deadline. */
export async function wantedLog(
  context: JobContext,
  options: Options,
  fulcio: Fulcio,
): Promise<Wanted> {
  const ref: Ref = { kind: 'ConfigMap', namespace: options.namespace, name: options.configmap };
  const { treeID } = await waitForKeys(context, ref, ctlogConfig);
  const treeId = treeIdOf(`${show(ref)} key treeID`, treeID ?? new Uint8Array());
  const { logPrefix: prefix, trillianServer: backend, mountPath } = options;
  const roots = await fulcioRoots(context, options, fulcio);
  return { log: { treeId, prefix, backend, mountPath }, roots, now: context.now };
}

async function fulcioRoots(
  context: JobContext,
  { fulcioSecret, fulcioUrl }: Options,
  fulcio: Fulcio,
): Promise<Roots> {
  const stored = fulcioSecret === 'none' ? undefined : await storedRoots(context, fulcioSecret);
  const served =
    fulcioUrl === undefined ? undefined : await servedRoots(context, fulcioUrl, fulcio);
  if (stored && served) refuseDisagreement(stored, served);
  const roots = stored ?? served;
  if (roots === undefined) throw new TypeError('one of the two sources is always given');
  return roots;
}

async function storedRoots(
  context: JobContext,
  name: { namespace: string; name: string },
): Promise<Roots> {
  const ref: Ref = { kind: 'Secret', ...name };
  const { madeBy } = fulcioPublicKey;
  const { cert } = await waitForKeys(context, ref, { keys: ['cert'], madeBy });
  const place = `${show(ref)} key cert`;
  return { place, certificates: at(place, () => rootsOf(cert ?? new Uint8Array())) };
}

async function servedRoots(
  { waitFor, log, signal }: JobContext,
  url: string,
  fulcio: Fulcio,
): Promise<Roots> {
  // The hint grows with what is learnt, and is told last where the deadline comes first.
  const awaited = { what: `Fulcio's root from ${url}`, hint: 'Fulcio serves it once it runs' };
  const chains = await waitFor(awaited, async () => {
    const answer = await fulcio.chains(url, signal);
    if (!('notYet' in answer)) return answer;
    const hint = `the last try ended with ${answer.notYet}`;
    if (awaited.hint !== hint) log(`${url}: ${answer.notYet}`);
    awaited.hint = hint;
    return undefined;
  });
  return { place: url, certificates: at(url, () => chains.flatMap(rootsOf)) };
}
