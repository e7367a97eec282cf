import { JobError } from '@sigstand/job/errors';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { utf8 } from '@sigstand/pki/pem';
import { refuseImmutable } from '@sigstand/store/change';
import { converge } from '@sigstand/store/converge';
import { refuseOwned } from '@sigstand/store/owned';
import { type Ref, show } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../names.ts';
import type { PasswordKeeper } from './database-ground.ts';
import {
  afterStep,
  type DatabaseServer,
  type DatabaseStep,
  lastOfDatabase,
  nextForDatabase,
} from './database-next.ts';
import { type Places, placesOf, restartedNote, type Sight, see, sha256 } from './database-see.ts';
import { databaseTold } from './database-told.ts';
import type { Ground } from './ground.ts';
import { stepwise } from './steps.ts';
import type { Work } from './work.ts';

/** What a rotation of the database's password works with. */
export interface DatabaseAsked {
  readonly naming: Naming;
  readonly keeper: PasswordKeeper;
  readonly giveUp: boolean;
  readonly entropy?: Entropy;
}

const patience = 180_000; // milliseconds; the kubelet looks every minute or so

/** Looks at the database's user, and plans; nothing is written. @throws {JobError} */
export async function databaseWork(ground: Ground, asked: DatabaseAsked): Promise<Work> {
  const { naming, giveUp } = asked;
  const places = placesOf(naming);
  const first = await see(ground, places, asked.keeper);
  if (!first.seen.begun && !giveUp) await refuseFixed(ground, places);
  return {
    ...{ what: 'database', title: "the password of the database's user" },
    ...{ from: `user ${first.user}`, underWay: first.seen.begun },
    ...stepwise<Sight, DatabaseStep>(ground, first, {
      see: () => see(ground, places, asked.keeper),
      next: ({ seen }) => nextForDatabase(seen, giveUp),
      expected: (sight, step) => ({ ...sight, seen: afterStep(sight.seen, step) }),
      told: (step) => databaseTold(step, places),
      act: (step, sight) => act(step, { ground, places, asked, sight }),
      ...{ last: lastOfDatabase, stuck },
    }),
  };
}

interface Acting {
  readonly ground: Ground;
  readonly places: Places;
  readonly asked: DatabaseAsked;
  readonly sight: Sight;
}

/** Does one step. Each is one change, or can be done again. @throws {JobError} */
async function act(step: DatabaseStep, acting: Acting): Promise<void> {
  const { ground, places, asked, sight } = acting;
  const { keeper, entropy = systemEntropy } = asked;
  const { user, old, fresh, seen } = sight;
  const set = (ref: Ref, from: string, to: string) =>
    converge(ground.store, ref, (current) => {
      const has = Buffer.from(current?.data.password ?? []).toString();
      if (has !== from) throw stuck(`${show(ref)} was changed by somebody else meanwhile`);
      return { data: { password: utf8(to) } };
    });
  switch (step) {
    case 'make':
      await converge(ground.store, places.record, (current) => {
        if (current?.data.new?.length) throw taken(places.record);
        return { data: { new: utf8(entropy.password()), old: utf8(old) } };
      });
      return;
    case 'admit':
      await keeper.admit(user, [old, fresh]);
      return;
    case 'switch':
      await set(places.secret, old, fresh);
      return;
    case 'copy':
      if (places.copy) await set(places.copy, old, fresh);
      return;
    case 'mount':
      await mount(ground, keeper, fresh);
      return;
    case 'retire':
      await keeper.admit(user, [fresh]);
      return;
    case 'withdraw':
      await keeper.admit(user, [old]);
      return;
    case 'finish':
    case 'forget':
      await ground.remove(places.record);
      return;
    default:
      await restart(step, acting);
      await converge(ground.store, places.record, () => ({
        annotations: { [restartedNote]: [...seen.restarted, step].join(' ') },
      }));
  }
}

async function restart(server: DatabaseServer, { ground, asked }: Acting): Promise<void> {
  const system = server === 'rekor' ? 'rekor' : 'trillian';
  const namespace = namespaceOf(asked.naming, system);
  await ground.restart({ kind: 'Deployment', namespace, name: server });
}

/** Waits until the database's Pod has the new password: its probe would be refused with the old one. */
async function mount(ground: Ground, keeper: PasswordKeeper, fresh: string): Promise<void> {
  const end = ground.now().getTime() + patience;
  await keeper.touch();
  while ((await keeper.mounted()) !== sha256(fresh)) {
    if (ground.now().getTime() > end) {
      throw new JobError('unavailable', "the database's Pod does not have the new Secret yet", {
        hint: 'see that Pod, then run it again; the database lets both passwords in until then',
      });
    }
    await ground.pause(500);
  }
}

/** Refuses before anything is changed what could not be changed later. */
async function refuseFixed({ store }: Ground, { secret, copy }: Places): Promise<void> {
  for (const ref of [secret, copy]) {
    if (ref === undefined) continue;
    const current = await store.read(ref);
    const change = { data: { password: utf8('') } };
    refuseOwned(ref, current, change);
    refuseImmutable(ref, current, change);
  }
}

function stuck(why: string): JobError {
  return new JobError('contradiction', `the database's password cannot be rotated now: ${why}`, {
    hint: 'nothing was changed by this step; docs/database.md and docs/backup.md have the ways out',
  });
}

function taken(ref: Ref): JobError {
  return new JobError('tryAgain', `${show(ref)} was made by somebody else meanwhile`);
}
