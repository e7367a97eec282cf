import { setMaxListeners } from 'node:events';
import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';
import { type Applied, type Applying, applied } from './apply.ts';
import { blocked, endurance } from './endurance.ts';
import { type Block, judged } from './judge.ts';
import { type KubeObject, titleOf } from './objects.ts';
import { isAwaited, type Planned } from './plan.ts';
import { type Sight, sightOf } from './seen.ts';

/** What a bring-up does as it goes on. */
export interface Report {
  /** A step is done: all of the manifests applied, or a workload done. */
  readonly done: (step: string) => void;
  /** Something stands in the way, and may pass. */
  readonly waiting: (title: string, says: string) => void;
  /** All of the work is done, though Kubernetes may not say so of each Job yet. Told once. */
  readonly worked: () => void;
}

export interface BringUp {
  readonly access: Access;
  readonly plan: readonly Planned[];
  /** What was applied before, by its title. */
  readonly already: ReadonlyMap<string, Applied>;
  readonly applying: Omit<Applying, 'waiting' | 'signal' | 'access'>;
  readonly report: Report;
  /** How long all of it may take, in milliseconds. */
  readonly timeout: number;
  /** For how long something that may pass may stand in the way, in milliseconds. */
  readonly patience: number;
  readonly signal: AbortSignal;
}

const atOnce = 6; // requests: more of them make none of them quicker on a small control plane
const softPatience = 5_000; // milliseconds, for what Kubernetes makes in each namespace

/**
 * Applies all objects, each the moment its inputs are there, and waits until each Job and server is done.
 *
 * @throws {JobError} As soon as something stands in the way that does not pass.
 */
export async function bringUp(up: BringUp): Promise<ReadonlyMap<string, Applied>> {
  const over = new AbortController();
  const signal = AbortSignal.any([up.signal, over.signal]);
  // Each watch listens; Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  const sight = sightOf(up.access, signal);
  const applies = appliesOf(up, sight, signal);
  try {
    return await Promise.race([work(up, { sight, applies, signal }), sight.lost]);
  } finally {
    over.abort();
    await applies.settled();
  }
}

async function work(
  { report, timeout, patience }: BringUp,
  { sight, applies, signal }: { sight: Sight; applies: Applies; signal: AbortSignal },
): Promise<ReadonlyMap<string, Applied>> {
  const began = Date.now();
  const told = new Set<string>();
  const refuse = endurance(report, patience);
  const look = lookerOf(sight);
  let hasWorked = false;
  for (;;) {
    signal.throwIfAborted();
    applies.begin();
    await applies.refuse();
    const awaited = applies.awaited();
    const { done, worked, blocks: seen } = judged(awaited, sight.seen());
    const blocks = [...seen, ...applies.lacking(done)];
    for (const title of done.filter((one) => !told.has(one))) {
      told.add(title);
      report.done(title);
    }
    if (!hasWorked && applies.isWhole() && worked.length === awaited.length) {
      hasWorked = true;
      report.worked();
    }
    if (applies.isWhole() && done.length === awaited.length) return applies.applied();
    refuse(blocks, Date.now());
    if (Date.now() - began > timeout) {
      const open = awaited.map(titleOf).filter((title) => !done.includes(title));
      throw blocks[0] ? blocked(blocks[0]) : late([...open, ...applies.missing()], timeout);
    }
    await Promise.race([sight.change(), applies.next(), look(applies.inputs)]);
  }
}

/** Looks now and then for what no watch tells of, beside all else; rejects where that is refused, and resolves never. */
function lookerOf(sight: Sight): (titles: () => readonly string[]) => Promise<never> {
  let next = 0;
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // Whoever waits hears of it.
  lost.catch(() => {});
  return (titles) => {
    if (Date.now() < next) return lost;
    next = Number.POSITIVE_INFINITY;
    const again = () => {
      next = Date.now() + 2_000;
    };
    sight.lookFor(titles()).then(again, reject);
    return lost;
  };
}

function late(open: readonly string[], timeout: number): JobError {
  const what = open.slice(0, 5).join(', ');
  return new JobError('unavailable', `not done within ${timeout / 1_000} s: ${what}`, {
    hint: 'kubectl get pods and describe say what they wait for; then run it again: it goes on',
  });
}

/** Whoever makes it outside the stack may take as long as all of it may. */
function lack(title: string, need: string): Block {
  return {
    ...{ title, reason: 'Lack', kind: 'unavailable', hopeless: false },
    ...{ quiet: softPatience + 1_000, patience: Number.POSITIVE_INFINITY },
    says: `it waits for ${need}, and no Job is left that could make it`,
    todo: 'make it, or see why who makes it does not; then run it again: it goes on',
  };
}

/** What is applied, and what is still to be. */
type Applies = ReturnType<typeof appliesOf>;

function appliesOf(
  { access, plan, already, applying, report }: BringUp,
  sight: Sight,
  signal: AbortSignal,
) {
  const began = Date.now();
  const done = new Map(already);
  const under = new Map<string, Promise<void>>();
  const failures: JobError[] = [];
  const told = new Set<string>();
  let waits = plan.filter(({ title }) => !already.has(title));
  let whole = false;

  const waiting = (title: string, says: string) => {
    if (told.has(title)) return;
    told.add(title);
    report.waiting(title, says);
  };
  const apply = async ({ object, title }: Planned) => {
    try {
      done.set(title, await applied(object, { ...applying, access, waiting, signal }));
    } catch (error) {
      if (!(error instanceof JobError)) throw error;
      failures.push(error);
    } finally {
      under.delete(title);
    }
  };
  const has = (title: string): boolean => {
    if (sight.has(title)) return true;
    // Some clusters make none of these.
    const isSoft = /^(ServiceAccount .*\/default|ConfigMap .*\/kube-root-ca\.crt)$/.test(title);
    return isSoft && Date.now() - began > softPatience;
  };
  const isFree = ({ after }: Planned) => after.every((title) => done.has(title));
  const settled = () => Promise.allSettled(under.values());

  return {
    settled,
    /** Begins what can be applied now, in the order of the manifests. */
    begin() {
      const ready = waits.filter((one) => isFree(one) && one.needs.every(has));
      const begun = ready.slice(0, atOnce - under.size);
      waits = waits.filter((one) => !begun.includes(one));
      for (const one of begun) under.set(one.title, apply(one));
      if (whole || waits.length > 0 || under.size > 0) return;
      whole = true;
      report.done(`all ${plan.length} objects applied`);
    },
    isWhole: () => whole,
    /** @throws {JobError} Where something was refused; what else was begun may have been refused as well. */
    async refuse() {
      if (failures.length === 0) return;
      await settled();
      const [first, ...others] = failures;
      const { failure, message, hint } = first as JobError;
      const more = others.map((one) => one.message).slice(0, 4);
      throw new JobError(failure, [message, ...more].join('; also '), { cause: first, hint });
    },
    /** The workloads that were applied. */
    awaited: (): KubeObject[] => [...done.values()].map(({ object }) => object).filter(isAwaited),
    applied: (): ReadonlyMap<string, Applied> => done,
    /** What nobody is left to make: every Job that could is done. */
    lacking(finished: readonly string[]): Block[] {
      const free = waits.filter(isFree);
      const jobs = [...done.values()].filter(({ object }) => object.kind === 'Job');
      const open = jobs.filter(({ object }) => !finished.includes(titleOf(object)));
      const next = free.filter(({ needs }) => needs.every(has));
      if (under.size + open.length + next.length > 0) return [];
      return free.map(({ title, needs }) => lack(title, needs.find((one) => !has(one)) ?? ''));
    },
    /** What is not applied yet, and the first thing that each waits for. */
    missing: () => [
      ...under.keys(),
      ...waits.flatMap(({ title, needs }) => {
        const need = needs.find((one) => !has(one));
        return need ? [`${title} (for ${need})`] : [];
      }),
    ],
    /** What stands between the manifests and their being applied, and is not seen. */
    inputs: () => [
      ...new Set(
        waits.filter(isFree).flatMap(({ needs }) => needs.filter((one) => !sight.has(one))),
      ),
    ],
    /** Resolves when one of those that are under way is done; never where none is. */
    next: () => Promise.race(under.values()),
  };
}
