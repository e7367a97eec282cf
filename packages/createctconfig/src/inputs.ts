import { ctlogConfig, fulcioPublicKey, treeAlike } from '@sigstand/contracts/records';
import { nextTree } from '@sigstand/contracts/shards';
import { at } from '@sigstand/job/errors';
import type { JobContext } from '@sigstand/job/main';
import { waitForKeys } from '@sigstand/job/wait';
import { type Data, type Ref, show } from '@sigstand/store/store';
import { treeIdOf } from './ct-config.ts';
import type { Wanted } from './ctlog-secret.ts';
import type { Options } from './flags.ts';
import type { Fulcio } from './fulcio.ts';
import { type Roots, refuseDisagreement, rootsOf } from './fulcio-root.ts';

/** Whom to ask for Fulcio's root over HTTP, and what can be done before all inputs are there. */
interface Means {
  readonly fulcio: Fulcio;
  /** Called once where one of them has to be waited for, with the roots that are there, after they were read. */
  readonly meanwhile: (roots: Roots | undefined) => Promise<void>;
}

/** Waits for the tree and for Fulcio's root; all waits share one deadline. */
export async function wantedLog(
  context: JobContext,
  options: Options,
  { fulcio, meanwhile }: Means,
): Promise<Wanted> {
  const means = { fulcio, meanwhile: once(meanwhile) };
  const ref: Ref = { kind: 'ConfigMap', namespace: options.namespace, name: options.configmap };
  const { treeID, [nextTree]: coming } = await waitForKeys(context, ref, {
    ...ctlogConfig,
    alike: treeAlike,
    meanwhile: async () => means.meanwhile(await rootsNow(context, options)),
  });
  const treeId = treeIdOf(`${show(ref)} key treeID`, treeID ?? new Uint8Array());
  const nextTreeId = coming?.length ? treeIdOf(`${show(ref)} key ${nextTree}`, coming) : undefined;
  const { logPrefix: prefix, trillianServer: backend, mountPath } = options;
  const roots = await fulcioRoots(context, options, means);
  const log = { treeId, treePlace: show(ref), nextTreeId, prefix, backend, mountPath };
  return { log, roots, now: context.now };
}

function once(act: Means['meanwhile']): Means['meanwhile'] {
  let done: Promise<void> | undefined;
  return (roots) => {
    done ??= act(roots);
    return done;
  };
}

async function fulcioRoots(
  context: JobContext,
  { fulcioSecret, fulcioUrl }: Options,
  { fulcio, meanwhile }: Means,
): Promise<Roots> {
  const stored =
    fulcioSecret === 'none'
      ? undefined
      : await storedRoots(context, fulcioSecret, () => meanwhile(undefined));
  const served =
    fulcioUrl === undefined
      ? undefined
      : await servedRoots(context, fulcioUrl, { fulcio, meanwhile: () => meanwhile(stored) });
  if (stored && served) refuseDisagreement(stored, served);
  const roots = stored ?? served;
  if (roots === undefined) throw new TypeError('one of the two sources is always given');
  return roots;
}

async function storedRoots(
  context: JobContext,
  name: { namespace: string; name: string },
  meanwhile: () => Promise<void>,
): Promise<Roots> {
  const ref: Ref = { kind: 'Secret', ...name };
  const { madeBy, keys: known } = fulcioPublicKey;
  const found = await waitForKeys(context, ref, { keys: ['cert'], known, madeBy, meanwhile });
  return rootsIn(ref, found);
}

/** The roots in Fulcio's Secret as it is now, which may be bad before the tree is there. */
async function rootsNow(
  { store }: JobContext,
  { fulcioSecret }: Options,
): Promise<Roots | undefined> {
  if (fulcioSecret === 'none') return undefined;
  const ref: Ref = { kind: 'Secret', ...fulcioSecret };
  const data = (await store.read(ref))?.data;
  return data?.cert?.length ? rootsIn(ref, data) : undefined;
}

function rootsIn(ref: Ref, { cert }: Data): Roots {
  const place = `${show(ref)} key cert`;
  return { place, certificates: at(place, () => rootsOf(cert ?? new Uint8Array())) };
}

async function servedRoots(
  { waitFor, log, signal }: JobContext,
  url: string,
  { fulcio, meanwhile }: { fulcio: Fulcio; meanwhile: () => Promise<void> },
): Promise<Roots> {
  // The hint grows with what is learnt, and is told last where the deadline comes first.
  const hint = 'Fulcio serves it once it runs';
  const awaited = { what: `Fulcio's root from ${url}`, hint, meanwhile };
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
