import { tufKeys } from '@sigstand/contracts/records';
import { openRepository } from '@sigstand/createtuf/repository';
import { at, JobError } from '@sigstand/job/errors';
import { converge } from '@sigstand/store/converge';
import { type Data, type Ref, secretIn, show } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../names.ts';
import type { Ground } from './ground.ts';
import type { Stuck } from './next.ts';
import { createtufPlaces } from './places.ts';
import { isServed, serve } from './serve.ts';
import { stepwise } from './steps.ts';
import type { Work } from './work.ts';

/** Keys of the repository that are replaced together, by a new root. */
interface TufKind {
  readonly title: string;
  /** The note on the role keys that their rotation is under way: the generation that it began with. */
  readonly note: string;
  /** The flag of createtuf that begins it. */
  readonly flag: string;
  /** The role by whose keys one generation is told from the next. */
  readonly role: string;
  /** The names of next keys in the record. */
  readonly next: readonly string[];
  /** How many roots it takes: by two, the first names the old keys, too. */
  readonly roots: 1 | 2;
  readonly keptByPeople: string;
  readonly sign: string;
  readonly settle: string;
}

const tufKinds = {
  'tuf-root': {
    title: 'the root key of the TUF repository',
    note: 'sigstand.dev/rotation-root',
    flag: '--rotate-root',
    role: 'root',
    next: ['root-next'],
    roots: 1,
    keptByPeople: "people keep the root's key, and sign the next root themselves",
    sign: 'createtuf makes the next key, and publishes a root that both have signed: clients follow it',
    settle: 'createtuf puts the next key in the place of the old one, which goes',
  },
  'tuf-keys': {
    title: 'the keys of targets, snapshot and timestamp of the TUF repository',
    note: 'sigstand.dev/rotation-keys',
    flag: '--rotate-keys',
    role: 'timestamp',
    next: ['targets-next', 'snapshot-next', 'timestamp-next'],
    roots: 2,
    keptByPeople: "people keep the root's key, who have to sign the roots that name the new keys",
    sign: 'createtuf makes the next keys, publishes a root that names both, and has both sign',
    settle: 'createtuf puts the next keys in the place of the old ones, which go',
  },
} satisfies Record<string, TufKind>;

export type TufKindName = keyof typeof tufKinds;
export const tufKindNames = Object.keys(tufKinds) as TufKindName[];

/** The note on the role keys by which each of these rotations is known to be under way. */
export const tufNotes: Readonly<Record<TufKindName, string>> = {
  'tuf-root': tufKinds['tuf-root'].note,
  'tuf-keys': tufKinds['tuf-keys'].note,
};

/** The root of a repository, as far as the keys are concerned that are replaced. */
export interface RootSeen {
  /** The generation when the rotation under way began. */
  readonly from: number | undefined;
  /** How many generations of these keys the roots have named. */
  readonly version: number;
  /** Whether the root's key is in the cluster, and not with people. */
  readonly here: boolean;
  /** Whether a next key waits to take its place. */
  readonly next: boolean;
  /** Whether the root names the next keys beside the old ones. */
  readonly both: boolean;
  /** Whether the web servers hand out what is published. */
  readonly served: boolean;
}

export type RootStep = 'note' | 'sign' | 'settle' | 'serve' | 'end' | 'finish';

const told = ({ sign, settle }: TufKind): Record<RootStep, string> => ({
  note: 'it is noted at the role keys which keys they are, so that a run that is killed goes on',
  ...{ sign, settle },
  serve: 'every web server of the repository hands that out',
  end: 'createtuf publishes a root that names the new keys alone, and the old ones go',
  finish: 'the note goes',
});

/** The next step of a rotation of keys that a root names. */
export function nextForRoot(
  { from, version, here, next, both, served }: RootSeen,
  { keptByPeople, roots }: Pick<TufKind, 'keptByPeople' | 'roots'> = tufKinds['tuf-root'],
): RootStep | Stuck {
  if (from === undefined) {
    if (!here) return { stuck: keptByPeople };
    // One that somebody began by kubectl, and did not end.
    if (next && !both) return 'settle';
    return served ? 'note' : 'serve';
  }
  if (version === from) return 'sign';
  if (version < from)
    return { stuck: 'the repository is older than when this began: it was replaced since' };
  if (version < from + roots) return served ? 'end' : 'serve';
  if (next) return 'settle';
  return served ? 'finish' : 'serve';
}

const expected: Record<RootStep, (seen: RootSeen, kind: TufKind) => RootSeen> = {
  note: (seen) => ({ ...seen, from: begunAt(seen) }),
  sign: (seen, { roots }) => ({
    ...{ ...seen, version: seen.version + 1, served: false },
    ...{ next: roots > 1, both: roots > 1 },
  }),
  end: (seen) => ({ ...seen, version: seen.version + 1, next: false, both: false, served: false }),
  settle: (seen) => ({ ...seen, next: false }),
  serve: (seen) => ({ ...seen, served: true }),
  finish: (seen) => ({ ...seen, from: undefined }),
};

/** The generation with which a rotation began that has no note yet: one is named already where both are. */
function begunAt({ version, both }: RootSeen): number {
  return both ? version - 1 : version;
}

/** Looks at the repository's keys, and plans; nothing is written. @throws {JobError} */
export async function rootWork(
  ground: Ground,
  naming: Naming,
  what: TufKindName = 'tuf-root',
): Promise<Work> {
  const { store } = ground;
  const kind: TufKind = tufKinds[what];
  const says = told(kind);
  const namespace = namespaceOf(naming, 'tuf');
  const { repository, setting, cronJob } = await createtufPlaces(ground, naming);
  const keys = secretIn(namespace, setting('keyssecret', tufKeys.name));
  const see = () => seeRoot(ground, { keys, repository, kind });
  const first = await see();
  const noting = (text: string) =>
    converge(store, keys, (current) => {
      if (current === undefined) throw gone(keys);
      return { annotations: { [kind.note]: text } };
    });
  const acts: Record<RootStep, (seen: RootSeen) => Promise<unknown>> = {
    note: (seen) => noting(String(begunAt(seen))),
    sign: () => ground.run(cronJob, [kind.flag]),
    settle: () => ground.run(cronJob),
    end: () => ground.run(cronJob, [kind.flag]),
    serve: () => serve(ground, repository),
    finish: () => noting(''),
  };
  return {
    ...{ what, title: kind.title },
    from: `generation ${first.from ?? first.version}`,
    underWay: first.from !== undefined,
    ...stepwise<RootSeen, RootStep>(ground, first, {
      ...{ see, last: ['finish'] },
      next: (seen) => nextForRoot(seen, kind),
      expected: (seen, step) => expected[step](seen, kind),
      told: (step) => says[step],
      act: (step, seen) => acts[step](seen),
      stuck: (why) => stuck(kind, why),
    }),
  };
}

async function seeRoot(
  ground: Ground,
  { keys, repository, kind }: { keys: Ref; repository: Ref; kind: TufKind },
): Promise<RootSeen> {
  const record = await ground.store.read(keys);
  if (record === undefined) throw gone(keys);
  const { data = {} } = (await ground.store.read(repository)) ?? {};
  const { root } = at(show(repository), () => openRepository(data));
  const from = record.annotations[kind.note] ?? '';
  return {
    from: /^\d+$/.test(from) ? Number(from) : undefined,
    version: generations(data, root.version, kind.role),
    both: kind.roots > 1 && (root.roles[kind.role]?.keyIDs.length ?? 0) > 1,
    here: record.data.root !== undefined,
    next: kind.next.some((name) => record.data[name] !== undefined),
    served: await isServed(ground, repository),
  };
}

/** How often the roots of a repository have named other keys for a role than the one before: a root may be new by its date alone. */
function generations(files: Data, newest: number, role: string): number {
  const named = Array.from({ length: newest }, (_, nth) => {
    const root = JSON.parse(Buffer.from(files[`${nth + 1}.root.json`] ?? []).toString());
    return [...root.signed.roles[role].keyids].sort().join();
  });
  return named.filter((ids, nth) => ids !== named[nth - 1]).length;
}

function stuck({ title }: TufKind, why: string): JobError {
  return new JobError('contradiction', `${title} cannot be rotated now: ${why}`, {
    hint: 'nothing was changed by this step; docs/rotation.md has what people do who keep the key',
  });
}

function gone(ref: Ref): JobError {
  return new JobError('contradiction', `there is no ${show(ref)}`, {
    hint: 'restore it from your backup, with its annotations (docs/backup.md)',
  });
}
