import { copies } from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import { refuseImmutable } from '@sigstand/store/change';
import { refuseOwned } from '@sigstand/store/owned';
import { type Change, type Ref, secretIn } from '@sigstand/store/store';
import { jobNameOf, type Naming, namespaceOf } from '../names.ts';
import { act } from './act.ts';
import type { Ground } from './ground.ts';
import type { Kind } from './kinds.ts';
import { treePlaces } from './log-see.ts';
import { newKey } from './make.ts';
import { last, next, type Step, type Stuck, short, type Wish } from './next.ts';
import { createtufPlaces } from './places.ts';
import { plan } from './plan.ts';
import { keyIn, type Made, readRecord, recordOf } from './record.ts';
import { type Places, see } from './see.ts';
import { settingsOf } from './settings.ts';
import { idle } from './steps.ts';
import { type Telling, told } from './told.ts';
import type { Report, Work } from './work.ts';

/** What a rotation is asked for. */
export interface Asked extends Wish {
  readonly kind: Kind;
  readonly naming: Naming;
  readonly keepOld: boolean;
  readonly signal: AbortSignal;
}

/** A rotation that is looked at, and not begun. */
export interface Prepared {
  readonly places: Places;
  readonly made: Made;
  readonly steps: readonly (Step | Stuck)[];
  readonly telling: Telling;
  readonly begun: boolean;
}

const longestWait = 900_000; // milliseconds; who has to wait longer comes back

/** Looks at a stack, and plans; nothing is written. @throws {JobError} */
export async function prepare(ground: Ground, asked: Asked): Promise<Prepared> {
  const own = await placesOf(ground, asked);
  const { kind, record: ref } = own;
  const kept = await ground.store.read(ref);
  const under = kept && Object.keys(kept.data).length > 0 ? readRecord(kind, ref, kept) : undefined;
  const moves = under ? under.trees !== undefined : asked.newLog;
  const trees = moves ? await treePlaces(ground, asked.naming, 'ctlog') : undefined;
  const places: Places = { ...own, trees };
  const made = under ?? (await making(ground, places, asked));
  const { observed } = await see(ground, places, made);
  if (under === undefined && !asked.giveUp) await refuseFixed(ground, places, made);
  const steps = plan(observed, asked, ground.now());
  const from = observed.begun?.from ?? observed.present;
  return {
    ...{ places, made, steps, begun: under !== undefined },
    telling: { places, made, keepOld: asked.keepOld, from },
  };
}

/** A rotation of a key, to be shown and done. @throws {JobError} */
export async function keyWork(ground: Ground, asked: Asked): Promise<Work> {
  const prepared = await prepare(ground, asked);
  const { steps, telling, begun } = prepared;
  return {
    ...{ what: asked.kind.name, title: telling.places.trees ? 'the CT log' : asked.kind.title },
    ...{ from: short(telling.from), underWay: begun },
    plan: steps.map((step) =>
      'stuck' in step ? step : { step: step.name, says: told(step, telling) },
    ),
    run: (report) => rotate(ground, prepared, { asked, report }),
  };
}

/** Does what is left of a rotation, and looks after each step. @throws {JobError} */
export async function rotate(
  ground: Ground,
  { places, made }: Pick<Prepared, 'places' | 'made'>,
  { asked, report }: { asked: Asked; report: Report },
): Promise<void> {
  let done: Step | undefined;
  for (;;) {
    const { observed, record } = await see(ground, places, made);
    const began = ground.now();
    const step = next(observed, asked, began);
    if ('stuck' in step) throw stuck(places.kind, step);
    if (step.name === done?.name) throw idle(step.name);
    if (step.until && step.until.getTime() - began.getTime() > longestWait) throw later(step.until);
    const { present } = observed;
    const to = observed.begun?.to ?? keyIn(places.kind, 'the new key', made.public);
    await act(step, { ground, places, made, present, to, record, keepOld: asked.keepOld });
    report(step.name, ground.now().getTime() - began.getTime());
    if (last.includes(step.name)) return;
    done = step;
  }
}

/** Refuses before anything is changed what could not be changed later: immutable records, and other programs'. */
async function refuseFixed({ store }: Ground, { copy, trees }: Places, made: Made): Promise<void> {
  const changes: [Ref, Change][] = [
    [made.secret, { data: made.private }],
    ...(made.published ? [[made.published, { data: made.public }] as [Ref, Change]] : []),
    [copy, { data: made.public }],
    ...(trees ? [[trees.record, { data: { treeID: new Uint8Array() } }] as [Ref, Change]] : []),
  ];
  for (const [ref, change] of changes) {
    const current = await store.read(ref);
    refuseOwned(ref, current, change);
    refuseImmutable(ref, current, change);
  }
}

/** Where everything of a key is: by the chart's rules, and by what createtuf says in the cluster. */
async function placesOf(ground: Ground, { kind, naming }: Asked): Promise<Places> {
  const { repository, setting } = await createtufPlaces(ground, naming);
  const copy = setting(`${kind.name}-secret`, copies[kind.name].name);
  return {
    ...{ kind, repository },
    record: recordOf(kind, namespaceOf(naming, kind.system)),
    copy: secretIn(repository.namespace, copy),
    ctlog: secretIn(namespaceOf(naming, 'ctlog'), 'ctlog-secrets'),
    url: (server) => `http://${server}.${namespaceOf(naming, server as Kind['system'])}.svc`,
  };
}

async function making(
  ground: Ground,
  places: Places,
  { kind, naming, signal }: Asked,
): Promise<Made> {
  const { store, now } = ground;
  const namespace = namespaceOf(naming, kind.system);
  const name = jobNameOf(naming, kind.system, kind.job);
  const job = await ground.job({ kind: 'Job', namespace, name });
  const settings = await settingsOf(store, `Job ${namespace}/${name}`, { job, namespace });
  const own: Ref[] = kind.hidden.map((one) => secretIn(namespace, one.name));
  return newKey(kind, {
    ...{ store, settings, signal, now: now() },
    hidden: [...own, places.copy, places.repository],
  });
}

function stuck({ title }: Kind, { stuck: why }: Stuck): JobError {
  return new JobError('contradiction', `${title} cannot be rotated now: ${why}`, {
    hint: 'nothing was changed by this step; sigstand status has more, docs/backup.md and docs/rotation.md the ways out',
  });
}

function later(until: Date): JobError {
  return new JobError(
    'tryAgain',
    `clients are given until ${until.toISOString()} to learn of the new key`,
    {
      hint: 'run it again then, it goes on; nothing else is to be done until then',
    },
  );
}
