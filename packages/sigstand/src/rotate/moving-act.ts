import {
  frozenNote,
  nextTree,
  oldLogsNote,
  oldLogsText,
  oldPrivateKey,
  readFrozen,
  readOldLogs,
  readShards,
  shardsBefore,
  shardsText,
} from '@sigstand/contracts/shards';
import type { OldLog } from '@sigstand/createctconfig/ct-config';
import { withFrozen } from '@sigstand/createctconfig/moved-config';
import { at, JobError } from '@sigstand/job/errors';
import { utf8 } from '@sigstand/pki/pem';
import { converge } from '@sigstand/store/converge';
import { type Annotations, type Change, show } from '@sigstand/store/store';
import { signerOf } from '../status/judge-ctlog.ts';
import type { Acting } from './act.ts';
import type { Ground } from './ground.ts';
import { configIn, headAt, provesLast, recordedTrees, storedConfig, urlOf } from './moving-see.ts';
import type { Begun, StepName } from './next.ts';
import { noting, type Record } from './record.ts';
import type { Places } from './see.ts';

type MoveStep = Extract<StepName, 'tree' | 'freeze' | 'close' | 'move' | 'forget'>;

const patience = 60_000; // milliseconds

/** Does one step of a log that moves. Each can be done again. @throws {JobError} */
export async function actOfMove(name: MoveStep, acting: Acting): Promise<void> {
  const { ground, places } = acting;
  const { trees } = places;
  if (trees === undefined) return; // The key alone is replaced.
  switch (name) {
    case 'tree':
      return ground.run(trees.job, ['--next']);
    case 'freeze':
      return ground.run(trees.job, ['--freeze']);
    case 'close':
      return close(acting);
    case 'move':
      return change(acting, await moving(acting));
    case 'forget':
      return change(acting, { remove: [nextTree] });
  }
}

/** The trees of a move that begins; undefined where the key alone is replaced. @throws {JobError} */
export async function treesToCome(ground: Ground, places: Places): Promise<Begun['trees']> {
  if (places.trees === undefined) return undefined;
  const { active, next } = await recordedTrees(ground, places);
  if (next === undefined) throw meanwhile(places);
  return { from: active, to: next };
}

/** What the copy notes of logs in which nobody writes any more. */
export function oldLogs(annotations: Annotations, { from, trees }: Record): Annotations {
  if (trees === undefined) return {};
  const before = readOldLogs(annotations[oldLogsNote]).filter(({ tree }) => tree !== trees.from);
  return { [oldLogsNote]: oldLogsText([...before, { key: from, tree: trees.from }]) };
}

/** The log of before gets the head that it has for good, and is served with that, and without its private key. */
async function close({ ground, places, record }: Acting): Promise<void> {
  const { ctlog, record: ref } = places;
  const { from = '' } = record?.trees ?? {};
  const old = await oldLog(ground, places, from);
  const url = urlOf(places, old);
  if (old.frozen === undefined) {
    const head = await lastHead(ground, places, old);
    await converge(ground.store, ctlog, (current) => {
      if (configIn(show(ctlog), current).old.every(({ treeId }) => treeId !== from)) {
        throw meanwhile(places);
      }
      const config = at(`${show(ctlog)} key config`, () =>
        withFrozen(current?.data.config ?? new Uint8Array(), from, head),
      );
      return { data: { config }, remove: [oldPrivateKey(from)] };
    });
  }
  await ground.restart({ kind: 'Deployment', namespace: ctlog.namespace, name: 'ctlog' });
  const { frozen } = await oldLog(ground, places, from);
  const wanted = Buffer.from(frozen?.signature ?? []);
  const end = ground.now().getTime() + patience;
  while (!wanted.equals((await headAt(ground, url)).signature)) {
    if (ground.now().getTime() > end)
      throw differs(`${url} does not show the head that it has for good`);
    await ground.pause(200);
  }
  if (!(await provesLast(ground, url))) throw differs(`${url} does not prove its last entry`);
  await converge(ground.store, ref, () => noting('closed', ground.now()));
}

/** The head of a log that is frozen, as its key signed it. @throws {JobError} */
async function lastHead(ground: Ground, places: Places, old: OldLog) {
  const url = urlOf(places, old);
  const { annotations } = await recordedTrees(ground, places);
  const head = await headAt(ground, url);
  const { publicKey } = old;
  const length = readFrozen(annotations[frozenNote])?.length;
  if (!publicKey || !signerOf(head, [{ publicKey }])) {
    throw differs(`${url} is signed by another key than it had`);
  }
  if (head.size === length) return head;
  throw differs(`${url} has ${head.size} entries, and its tree was frozen with ${length}`);
}

async function oldLog(ground: Ground, places: Places, tree: string): Promise<OldLog> {
  const { old } = await storedConfig(ground, places);
  const found = old.find(({ treeId }) => treeId === tree);
  if (found) return found;
  throw differs(`${show(places.ctlog)} has no log of tree ${tree} any more`);
}

/** One write names the new tree, and the old one with its length. */
async function moving({ ground, places, record }: Acting): Promise<Change> {
  const { from = '', to = '' } = record?.trees ?? {};
  const { value, annotations } = await recordedTrees(ground, places);
  const frozen = readFrozen(annotations[frozenNote]);
  const before = readShards(value(shardsBefore(from))) ?? [];
  return {
    data: {
      treeID: utf8(to),
      [shardsBefore(to)]: utf8(shardsText(frozen ? [...before, frozen] : before)),
    },
    remove: [shardsBefore(from), nextTree],
  };
}

async function change({ ground, places, record }: Acting, wanted: Change): Promise<void> {
  const { trees } = places;
  if (trees === undefined) return;
  await converge(ground.store, trees.record, (current) => {
    const active = Buffer.from(current?.data.treeID ?? []).toString();
    if (active === record?.trees?.from) return wanted;
    throw meanwhile(places);
  });
}

function meanwhile({ trees, ctlog }: Places): JobError {
  const what = trees ? `${show(trees.record)} or ${show(ctlog)}` : show(ctlog);
  return new JobError('tryAgain', `${what} was changed by somebody else meanwhile`);
}

function differs(what: string): JobError {
  return new JobError('contradiction', what, {
    hint: "nothing was changed by this step; see the CT log's own log, then run it again",
  });
}
