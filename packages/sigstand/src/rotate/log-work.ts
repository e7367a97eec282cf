import {
  frozenNote,
  nextTree,
  readFrozen,
  shardingSetting,
  shardsBefore,
  shardsText,
} from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { utf8 } from '@sigstand/pki/pem';
import { refuseImmutable } from '@sigstand/store/change';
import { converge } from '@sigstand/store/converge';
import { refuseOwned } from '@sigstand/store/owned';
import { type Change, show } from '@sigstand/store/store';
import type { Naming } from '../names.ts';
import type { Ground } from './ground.ts';
import { afterLogStep, type LogSeen, type LogStep, moved, nextForLog } from './log-next.ts';
import { type LogPlaces, liveTrees, logPlaces, pathOf, refuseUnfound, seeLog } from './log-see.ts';
import { stepwise } from './steps.ts';
import type { Work } from './work.ts';

const patience = 60_000; // milliseconds

/** Looks at Rekor's log, and plans how it moves to another tree; nothing is written. @throws {JobError} */
export async function logWork(ground: Ground, naming: Naming): Promise<Work> {
  const places = await logPlaces(ground, naming);
  const first = await seeLog(ground, places);
  if (first.next === undefined) await refuseFixed(ground, places);
  const jobs: Promise<unknown>[] = [];
  return {
    ...{ what: 'rekor', title: "Rekor's log" },
    ...{ from: `tree ${first.recorded.active}`, underWay: first.next !== undefined },
    ...stepwise<LogSeen, LogStep>(ground, first, {
      see: () => seeLog(ground, places),
      ...{ next: nextForLog, expected: afterLogStep, last: ['finish'], stuck },
      told: (step) => told(step, places),
      act: (step, seen) => act(step, { ground, places, seen, jobs }),
    }),
  };
}

interface Acting {
  readonly ground: Ground;
  readonly places: LogPlaces;
  readonly seen: LogSeen;
  /** Jobs that have done what they were for, and may not have ended. */
  readonly jobs: Promise<unknown>[];
}

/** Does one step. Each is one change, or can be done again. @throws {JobError} */
async function act(step: LogStep, acting: Acting): Promise<unknown> {
  const { ground, places, seen } = acting;
  const { recorded } = seen;
  switch (step) {
    case 'make':
      return ground.run(places.job, ['--next']);
    case 'freeze':
      await ground.standBy(places.server);
      return freeze(acting);
    case 'switch':
      return change(acting, moving(seen));
    case 'restart':
      return restart(acting);
    case 'finish':
      await refuseUnfound(ground, places.url, recorded.shards);
      await Promise.all(acting.jobs);
      return change(acting, { remove: [nextTree] });
  }
}

/** The log is away from here on until Rekor has started again: what the Job does after its note is not waited for. */
async function freeze({ ground, places, seen, jobs }: Acting): Promise<void> {
  const job = ground.run(places.job, ['--freeze']);
  let over = false;
  const ended = job.finally(() => {
    over = true;
  });
  jobs.push(job.catch(() => {}));
  const noted = async () => {
    while (!over) {
      const { annotations = {} } = (await ground.store.read(places.record)) ?? {};
      if (readFrozen(annotations[frozenNote])?.tree === seen.recorded.active) return;
      await ground.pause(100);
    }
  };
  await Promise.race([ended, noted()]);
}

/** One write moves the log: who starts meanwhile has all of it, or nothing. */
function moving(seen: LogSeen): Change {
  const { active, shards } = moved(seen);
  return {
    data: {
      treeID: utf8(active),
      [shardingSetting.key]: utf8(pathOf(active)),
      [shardsBefore(active)]: utf8(shardsText(shards)),
    },
    remove: [shardsBefore(seen.recorded.active)],
  };
}

async function change({ ground, places, seen }: Acting, wanted: Change): Promise<void> {
  await converge(ground.store, places.record, (current) => {
    const active = Buffer.from(current?.data.treeID ?? []).toString();
    if (active === seen.recorded.active) return wanted;
    throw new JobError('tryAgain', `${show(places.record)} was changed by somebody else meanwhile`);
  });
}

async function restart({ ground, places, seen }: Acting): Promise<void> {
  const { url, server } = places;
  const isThere = async () =>
    nextForLog({ ...seen, live: await liveTrees(ground, url) }) === 'finish';
  await ground.settle(server);
  if (await isThere()) return;
  // It did not wait for the log to move, or nobody had told it to.
  await ground.restart(server);
  const end = ground.now().getTime() + patience;
  while (!(await isThere())) {
    if (ground.now().getTime() > end) {
      throw new JobError(
        'contradiction',
        'Rekor started again, and has other trees than its record',
        {
          hint: 'see which ConfigMap its Deployment reads, and what its log says; then run it again',
        },
      );
    }
    await ground.pause(200);
  }
}

/** Refuses before anything is changed what could not be changed later. */
async function refuseFixed({ store }: Ground, { record }: LogPlaces): Promise<void> {
  const current = await store.read(record);
  const wanted = { data: { treeID: utf8('') } };
  refuseOwned(record, current, wanted);
  refuseImmutable(record, current, wanted);
}

/** What a step does, in a sentence. */
function told(step: LogStep, { job, record }: LogPlaces): string {
  const sentences: Record<LogStep, string> = {
    make: `${job.name} makes a new tree, and records it beside the present one in ${show(record)}`,
    freeze:
      'another Pod of Rekor stands by; createtree drains the present tree, and freezes it: until that Pod serves, the log takes no entries',
    switch: `${show(record)} names the new tree, and the old one with its length before it`,
    restart:
      'rekor starts again, and writes to the new tree; what is in the old one is read as before',
    finish:
      "the old tree's last entry is found where it was, and the note that this is under way goes",
  };
  return sentences[step];
}

function stuck(why: string): JobError {
  return new JobError('contradiction', `Rekor's log cannot move now: ${why}`, {
    hint: 'nothing was changed by this step; sigstand status has more, docs/rotation.md the ways out',
  });
}
