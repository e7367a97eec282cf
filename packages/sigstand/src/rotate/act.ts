import { nextCreatedNote, nextKey } from '@sigstand/contracts/next';
import { JobError } from '@sigstand/job/errors';
import { parseCertificates } from '@sigstand/pki/chain';
import { createdNote } from '@sigstand/pki/created';
import { converge } from '@sigstand/store/converge';
import { type Change, type Data, type Ref, type Snapshot, show } from '@sigstand/store/store';
import { certificateName } from '../status/trust.ts';
import type { Ground } from './ground.ts';
import { fitted } from './make.ts';
import { actOfMove, oldLogs, treesToCome } from './moving-act.ts';
import type { Step } from './next.ts';
import { beginning, has, keeping, type Made, noting, picked, type Record } from './record.ts';
import { liveKey, type Places } from './see.ts';
import { serve } from './serve.ts';
import { keptAs } from './told.ts';

/** What a step is done with. */
export interface Acting {
  readonly ground: Ground;
  readonly places: Places;
  /** The new key, where none is kept yet. */
  readonly made: Made;
  /** The key that clients trust now. */
  readonly present: string;
  readonly to: string;
  readonly record: Record | undefined;
  /** Whether the old private key stays, in a Secret of its own. */
  readonly keepOld: boolean;
}

const patience = 60_000; // milliseconds

/** Does one step. Each is one write to one object, or can be done again. @throws {JobError} */
export async function act({ name, until }: Step, acting: Acting): Promise<void> {
  const { ground, places, made, present, to } = acting;
  const { store } = ground;
  const { kind, copy, record: ref } = places;
  const cronJob = { kind: 'CronJob', namespace: copy.namespace, name: 'createtuf' } as const;
  switch (name) {
    case 'tree':
    case 'freeze':
    case 'close':
    case 'move':
      await actOfMove(name, acting);
      return;
    case 'make': {
      const trees = await treesToCome(ground, places);
      await converge(store, ref, (current) => {
        if (current && Object.keys(current.data).length > 0) throw taken(ref);
        return beginning(made, { from: present, to, trees });
      });
      return;
    }
    case 'announce':
      await change(copy, () => announcing(underWay(acting)));
      return;
    case 'withdraw':
      await change(copy, ({ data }) => ({
        remove: Object.keys(data).filter((key) => key.startsWith(nextKey(''))),
        annotations: { [nextCreatedNote]: '' },
      }));
      return;
    case 'publish':
    case 'retire':
    case 'unpublish':
      await ground.run(cronJob);
      return;
    case 'serve':
    case 'tell':
    case 'untell':
      await serve(ground, places.repository);
      if (name === 'serve' && acting.record)
        await change(ref, () => noting('announced', ground.now()));
      return;
    case 'accept':
      await accept(acting);
      return;
    case 'lead':
    case 'linger':
      await ground.pause(Math.max(0, (until?.getTime() ?? 0) - ground.now().getTime()));
      return;
    case 'keep':
      await change(ref, async () => {
        const { data = {} } = (await store.read(underWay(acting).secret)) ?? {};
        return keeping(picked(data, kind.keys));
      });
      return;
    case 'switch':
      await change(underWay(acting).secret, ({ data }) => {
        // Somebody else replaced it meanwhile: what would go has not been kept.
        if (!has(data, underWay(acting).old)) throw another(underWay(acting).secret);
        const fresh = fitted(kind, show(underWay(acting).secret), {
          made: underWay(acting).private,
          current: data,
          trees: underWay(acting).trees,
        });
        return { data: fresh, ...created(underWay(acting)) };
      });
      return;
    case 'name':
      await change(underWay(acting).published ?? underWay(acting).secret, () => ({
        data: underWay(acting).public,
        ...created(underWay(acting)),
      }));
      return;
    case 'restart':
      await restart(acting);
      return;
    case 'settle':
      await change(copy, ({ data, annotations }) => ({
        data: underWay(acting).public,
        remove: Object.keys(data).filter((key) => key.startsWith(nextKey(''))),
        annotations: {
          [nextCreatedNote]: '',
          [createdNote]: underWay(acting).created ?? '',
          ...oldLogs(annotations, underWay(acting)),
        },
      }));
      return;
    case 'finish':
      await finish(acting);
      return;
    case 'forget':
      await actOfMove(name, acting);
      await ground.remove(ref);
      return;
  }

  async function change(one: Ref, wanted: (current: Snapshot) => Change | Promise<Change>) {
    await converge(store, one, (current) => {
      if (current === undefined) throw gone(one);
      return wanted(current);
    });
  }
}

/** The public values under the names of a key that comes next. */
function announcing({ public: values, created: time }: Record): Change {
  const data: Data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [nextKey(key), value]),
  );
  return { data, annotations: { [nextCreatedNote]: time ?? '' } };
}

function created({ created: time }: Record): Pick<Change, 'annotations'> {
  return time ? { annotations: { [createdNote]: time } } : {};
}

/** The CT log takes a new root when it starts again. */
async function accept({ ground, places, record }: Acting): Promise<void> {
  const { ctlog } = places;
  const chain = record?.public.cert ?? new Uint8Array();
  await converge(ground.store, ctlog, (current) => {
    if (current === undefined) throw gone(ctlog);
    const { rootca = new Uint8Array() } = current.data;
    const known = rootca.length > 0 ? parseCertificates(rootca).map(certificateName) : [];
    const root = parseCertificates(chain).at(-1);
    if (root && known.includes(certificateName(root))) return undefined;
    const pem = Buffer.from(root?.toString() ?? '');
    const between = rootca.length > 0 && rootca.at(-1) !== 10 ? Buffer.from('\n') : Buffer.alloc(0);
    return { data: { rootca: new Uint8Array(Buffer.concat([rootca, between, pem])) } };
  });
  await ground.restart({ kind: 'Deployment', namespace: ctlog.namespace, name: 'ctlog' });
}

async function restart({ ground, places, record, to }: Acting): Promise<void> {
  const { kind, record: ref } = places;
  await ground.restart({ kind: 'Deployment', namespace: ref.namespace, name: kind.server });
  const end = ground.now().getTime() + patience;
  const known = record ? [record.public] : [];
  while ((await liveKey(ground, places, known)) !== to) {
    if (ground.now().getTime() > end) {
      throw new JobError(
        'contradiction',
        `${kind.title}: the service started again, and signs with another key`,
        {
          hint: 'see which Secret its Deployment mounts; the old private key is in the record of the rotation',
        },
      );
    }
    await ground.pause(200);
  }
  await converge(ground.store, ref, () => noting('restarted', ground.now()));
}

async function finish(acting: Acting): Promise<void> {
  const { ground, places, keepOld } = acting;
  const { secret, from, old } = underWay(acting);
  if (keepOld) {
    const place: Ref = { ...secret, name: keptAs(underWay(acting), from) };
    await converge(ground.store, place, (current) =>
      current && has(current.data, old) ? undefined : { data: old },
    );
  }
  await ground.remove(places.record);
}

function underWay({ record }: Acting): Record {
  if (record) return record;
  throw new JobError('tryAgain', 'the record of the rotation was deleted meanwhile');
}

function gone(ref: Ref): JobError {
  return new JobError('tryAgain', `${show(ref)} was deleted meanwhile`);
}

function taken(ref: Ref): JobError {
  return new JobError('tryAgain', `${show(ref)} was made by somebody else meanwhile`);
}

function another(ref: Ref): JobError {
  return new JobError(
    'contradiction',
    `${show(ref)} has a third key, neither the old nor the new one`,
    {
      hint: 'nothing was changed; somebody replaced it: see who, and run it again with --give-up',
    },
  );
}
