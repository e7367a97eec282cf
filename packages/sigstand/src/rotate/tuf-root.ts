import { tufKeys } from '@sigstand/contracts/records';
import { openRepository } from '@sigstand/createtuf/repository';
import { at, JobError } from '@sigstand/job/errors';
import { converge } from '@sigstand/store/converge';
import { type Ref, secretIn, show } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../names.ts';
import type { Ground } from './ground.ts';
import type { Stuck } from './next.ts';
import { createtufPlaces } from './places.ts';
import { isServed, serve } from './serve.ts';
import type { Work } from './work.ts';

/** The note on the role keys that a rotation of the root is under way: the version that it began with. */
const note = 'sigstand.dev/rotation-root';

/** The root of a repository, as far as its own key is concerned. */
export interface RootSeen {
  /** The root's version when the rotation under way began. */
  readonly from: number | undefined;
  readonly version: number;
  /** Whether its key is in the cluster, and not with people. */
  readonly here: boolean;
  /** Whether a next key waits to take its place. */
  readonly next: boolean;
  /** Whether the web servers hand out what is published. */
  readonly served: boolean;
}

const says = {
  note: 'the version of the root is noted at the role keys, so that a run that is killed goes on',
  sign: 'createtuf makes the next key, and publishes a root that both have signed: clients follow it',
  settle: 'createtuf puts the next key in the place of the old one, which goes',
  serve: 'every web server of the repository hands that out',
  finish: 'the note goes',
} as const;

export type RootStep = keyof typeof says;

/** The next step of a rotation of the root's key. */
export function nextForRoot({ from, version, here, next, served }: RootSeen): RootStep | Stuck {
  if (from === undefined) {
    if (!here) return { stuck: "people keep the root's key, and sign the next root themselves" };
    // One that somebody began by kubectl, and did not end.
    if (next) return 'settle';
    return served ? 'note' : 'serve';
  }
  if (version === from) return 'sign';
  if (version < from)
    return { stuck: 'the repository is older than when this began: it was replaced since' };
  if (next) return 'settle';
  return served ? 'finish' : 'serve';
}

const expected: Record<RootStep, (seen: RootSeen) => RootSeen> = {
  note: (seen) => ({ ...seen, from: seen.version }),
  sign: (seen) => ({ ...seen, version: seen.version + 1, served: false }),
  settle: (seen) => ({ ...seen, next: false }),
  serve: (seen) => ({ ...seen, served: true }),
  finish: (seen) => ({ ...seen, from: undefined }),
};

/** Looks at the root's key, and plans; nothing is written. @throws {JobError} */
export async function rootWork(ground: Ground, naming: Naming): Promise<Work> {
  const { store, now } = ground;
  const namespace = namespaceOf(naming, 'tuf');
  const { repository, setting, cronJob } = await createtufPlaces(ground, naming);
  const keys = secretIn(namespace, setting('keyssecret', tufKeys.name));
  const see = () => seeRoot(ground, { keys, repository });
  const first = await see();
  const plan: Work['plan'][number][] = [];
  for (let seen = first; plan.length < 10; ) {
    const step = nextForRoot(seen);
    plan.push(typeof step === 'string' ? { step, says: says[step] } : step);
    if (typeof step !== 'string' || step === 'finish') break;
    seen = expected[step](seen);
  }
  const noting = (text: string) =>
    converge(store, keys, (current) => {
      if (current === undefined) throw gone(keys);
      return { annotations: { [note]: text } };
    });
  const acts: Record<RootStep, (seen: RootSeen) => Promise<unknown>> = {
    note: ({ version }) => noting(String(version)),
    sign: () => ground.run(cronJob, ['--rotate-root']),
    settle: () => ground.run(cronJob),
    serve: () => serve(ground, repository),
    finish: () => noting(''),
  };
  return {
    what: 'tuf-root',
    title: 'the root key of the TUF repository',
    from: `root ${first.from ?? first.version}`,
    underWay: first.from !== undefined,
    plan,
    async run(report) {
      let done: RootStep | undefined;
      for (;;) {
        const seen = await see();
        const step = nextForRoot(seen);
        if (typeof step !== 'string') throw stuck(step);
        if (step === done) throw idle(step);
        const began = now().getTime();
        await acts[step](seen);
        report(step, now().getTime() - began);
        if (step === 'finish') return;
        done = step;
      }
    },
  };
}

async function seeRoot(
  ground: Ground,
  { keys, repository }: { keys: Ref; repository: Ref },
): Promise<RootSeen> {
  const record = await ground.store.read(keys);
  if (record === undefined) throw gone(keys);
  const { data = {} } = (await ground.store.read(repository)) ?? {};
  const { root } = at(show(repository), () => openRepository(data));
  const from = record.annotations[note] ?? '';
  return {
    from: /^\d+$/.test(from) ? Number(from) : undefined,
    version: root.version,
    here: record.data.root !== undefined,
    next: record.data['root-next'] !== undefined,
    served: await isServed(ground, repository),
  };
}

function stuck({ stuck: why }: Stuck): JobError {
  return new JobError('contradiction', `the root's key cannot be rotated now: ${why}`, {
    hint: 'nothing was changed by this step; docs/rotation.md has what people do who keep the key',
  });
}

function idle(step: string): JobError {
  return new JobError(
    'tryAgain',
    `the step ${step} was done, and what it should change is as before`,
    {
      hint: 'somebody else changes the same objects: see who, then run it again',
    },
  );
}

function gone(ref: Ref): JobError {
  return new JobError('contradiction', `there is no ${show(ref)}`, {
    hint: 'restore it from your backup, with its annotations (docs/backup.md)',
  });
}
