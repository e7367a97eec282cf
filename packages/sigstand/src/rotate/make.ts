import { oldPrivateKey } from '@sigstand/contracts/shards';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { withKey, withNewLog } from '@sigstand/createctconfig/moved-config';
import { createSecret } from '@sigstand/createsecret/job';
import { at, JobError } from '@sigstand/job/errors';
import { type Job, main } from '@sigstand/job/main';
import { createdNote } from '@sigstand/pki/created';
import { parsePublicKey } from '@sigstand/pki/keys';
import { memoryStore } from '@sigstand/store/memory';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { failureOf, saidIn } from '../job-end.ts';
import type { Kind, KindName } from './kinds.ts';
import type { Begun } from './next.ts';
import { type Made, picked } from './record.ts';
import type { Settings } from './settings.ts';

const jobs: Readonly<Record<KindName, () => Job>> = {
  fulcio: createCerts as () => Job,
  tsa: createCertChain as () => Job,
  ctlog: createCtConfig as () => Job,
  rekor: createSecret as () => Job,
};

/** Where a new key is made: the cluster is read, and nothing of it is written. */
export interface Workshop {
  readonly store: Store;
  readonly settings: Settings;
  /** What tells the Job of the key that there is; it must not see any of it. */
  readonly hidden: readonly Ref[];
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * A new key, as the Job that made the present one makes it with its settings of now. The Job runs here, on a store in
 * memory, and sees neither the present key nor clients' trust in it.
 *
 * @throws {JobError} What the Job ends with.
 */
export async function newKey(
  kind: Kind,
  { store, settings, hidden, now, signal }: Workshop,
): Promise<Made> {
  const memory = memoryStore();
  const places = hidden.map(show);
  const written: Ref[] = [];
  const seen: Store = {
    ...memory,
    async read(ref) {
      const own = await memory.read(ref);
      if (own || !places.includes(show(ref))) return own ?? store.read(ref);
      // The CT log goes on taking certificates of the CAs that it takes now.
      const { rootca } = (await store.read(ref))?.data ?? {};
      if (kind.name !== 'ctlog' || !rootca) return undefined;
      return { data: { rootca }, annotations: {}, immutable: false, version: '' };
    },
    async write(ref, change, replacing) {
      const ours = replacing?.version !== '';
      const data = { ...(ours ? {} : replacing?.data), ...change.data };
      await memory.write(ref, { ...change, data }, ours ? replacing : undefined);
      written.push(ref);
    },
  };
  const said: string[] = [];
  const status = await main(jobs[kind.name](), {
    ...settings,
    ...{ signal, now: () => now, stdout: () => {} },
    stderr: (line) => void said.push(line),
    openStore: async () => seen,
  });
  if (status !== 0) throw ended(kind, status, said.at(-1) ?? '');
  const find = async (keys: readonly string[], not?: Ref) => {
    for (const ref of written) {
      const found = await memory.read(ref);
      const isIt =
        keys.every((key) => found?.data[key]?.length) && (!not || show(ref) !== show(not));
      if (found && isIt) return { ref, found };
    }
    return undefined;
  };
  const made = await find(kind.keys);
  const told = kind.published && made && (await find(kind.published.keys, made.ref));
  if (made === undefined || (kind.published && !told)) throw nothing(kind);
  const publicData = picked((told ?? made).found.data, kind.copy.keys);
  return {
    secret: made.ref,
    published: told?.ref,
    private: picked(made.found.data, kind.keys),
    public: publicData,
    created: made.found.annotations[createdNote],
  };
}

/**
 * The new private values for a record as it is now: the CT log's configuration stays, but for the key, since its merge
 * delay and the like are people's.
 */
export function fitted(
  { name }: Kind,
  place: string,
  { made, current, trees }: { made: Data; current: Data; trees?: Begun['trees'] },
): Data {
  if (name !== 'ctlog') return made;
  const { config = new Uint8Array(), public: key = new Uint8Array() } = made;
  const fresh = { publicKey: parsePublicKey(key), password: readConfig(config).password };
  const stored = current.config ?? new Uint8Array();
  return at(`${place} key config`, () => {
    if (!trees) return { ...made, config: withKey(stored, fresh) };
    const file = oldPrivateKey(trees.from);
    const present = parsePublicKey(current.public ?? new Uint8Array());
    const { privateKeyPath } = readConfig(stored);
    const oldKeyPath = `${privateKeyPath.slice(0, privateKeyPath.lastIndexOf('/'))}/${file}`;
    const log = { ...fresh, treeId: trees.to, present, oldKeyPath };
    const before = current.private ?? new Uint8Array();
    return { ...made, [file]: before, config: withNewLog(stored, log) };
  });
}

function ended({ job }: Kind, status: number, line: string): JobError {
  const failure = failureOf(status);
  const { message, hint } = saidIn(line);
  return new JobError(failure, `${job} makes no new key: ${message}`, { hint });
}

function nothing({ job }: Kind): JobError {
  return new JobError(
    'contradiction',
    `${job} makes no key with the settings that it has in the cluster`,
    {
      hint: 'its records have other names than this program knows; docs/rotation.md has the way by kubectl',
    },
  );
}
