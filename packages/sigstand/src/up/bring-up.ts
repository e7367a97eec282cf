import { setMaxListeners } from 'node:events';
import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';
import { type Applied, type Applying, applied, type Outcome } from './apply.ts';
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
  readonly signal: AbortSignal;
}

const atOnce = 6; // requests: more of them make none of them quicker on a small control plane
const patience = 60_000; // milliseconds for what may pass
const softPatience = 5_000; // for what Kubernetes makes in each namespace

/**
 * Applies all objects, each the moment its inputs are there, and waits until each Job and server is done.
 *
 * @throws {JobError} As soon as something stands in the way that does not pass.
 */
export async function bringUp(up: BringUp): Promise<ReadonlyMap<string, Outcome>> {
  const over = new AbortController();
  const signal = AbortSignal.any([up.signal, over.signal]);
  // Each watch listens; Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  const sight = sightOf(up.access, signal);
  const work = new Work(up, sight, signal);
  try {
    return await Promise.race([work.run(), sight.lost]);
  } finally {
    over.abort();
    await work.settled();
  }
}

/** What is under way. */
class Work {
  private readonly began = Date.now();
  private readonly waits: Planned[];
  private readonly under = new Map<string, Promise<void>>();
  private readonly applied: Map<string, Applied>;
  private readonly failures: JobError[] = [];
  private readonly told = new Set<string>();
  private readonly since = new Map<string, number>();
  private looked = 0;
  private whole = false;
  private readonly up: BringUp;
  private readonly sight: Sight;
  private readonly signal: AbortSignal;

  constructor(up: BringUp, sight: Sight, signal: AbortSignal) {
    this.up = up;
    this.sight = sight;
    this.signal = signal;
    this.applied = new Map(up.already);
    this.waits = up.plan.filter(({ title }) => !up.already.has(title));
  }

  async run(): Promise<ReadonlyMap<string, Outcome>> {
    for (;;) {
      this.signal.throwIfAborted();
      this.begin();
      if (this.failures.length > 0) throw await this.failed();
      const { done, blocks } = this.judge();
      if (this.isDone(done)) return new Map([...this.applied].map(([k, v]) => [k, v.outcome]));
      this.refuse(blocks);
      if (Date.now() - this.began > this.up.timeout) throw this.late(done, blocks);
      await this.look();
      await Promise.race([this.sight.change(), ...this.under.values()]);
    }
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.under.values());
  }

  /** Begins what can be applied now, in the order of the manifests. */
  private begin(): void {
    for (const one of [...this.waits]) {
      if (this.under.size >= atOnce) return;
      if (!this.isReady(one)) continue;
      this.waits.splice(this.waits.indexOf(one), 1);
      this.under.set(one.title, this.apply(one));
    }
    if (this.whole || this.waits.length > 0 || this.under.size > 0) return;
    this.whole = true;
    this.up.report.done(`all ${this.up.plan.length} objects applied`);
  }

  private isReady({ after, needs }: Planned): boolean {
    return (
      after.every((title) => this.applied.has(title)) && needs.every((title) => this.has(title))
    );
  }

  private has(title: string): boolean {
    if (this.sight.has(title)) return true;
    // Some clusters make none of these.
    const isSoft = /^(ServiceAccount .*\/default|ConfigMap .*\/kube-root-ca\.crt)$/.test(title);
    return isSoft && Date.now() - this.began > softPatience;
  }

  private async apply({ object, title }: Planned): Promise<void> {
    const { applying, access } = this.up;
    const waiting = (of: string, says: string) => this.tell(of, 'apply', says);
    try {
      this.applied.set(
        title,
        await applied(object, { ...applying, access, waiting, signal: this.signal }),
      );
    } catch (error) {
      if (!(error instanceof JobError)) throw error;
      this.failures.push(error);
    } finally {
      this.under.delete(title);
    }
  }

  /** What else was begun may have been refused as well. */
  private async failed(): Promise<JobError> {
    await this.settled();
    const [first, ...others] = this.failures;
    const { failure, message, hint } = first as JobError;
    const more = others.map((one) => one.message).slice(0, 4);
    return new JobError(failure, [message, ...more].join('; also '), { cause: first, hint });
  }

  private awaited(): KubeObject[] {
    return [...this.applied.values()].map(({ object }) => object).filter(isAwaited);
  }

  private judge() {
    const { done, blocks } = judged(this.awaited(), this.sight.seen());
    for (const title of done) {
      if (this.told.has(title)) continue;
      this.told.add(title);
      this.up.report.done(title);
    }
    return { done, blocks };
  }

  private isDone(done: readonly string[]): boolean {
    return this.whole && done.length === this.awaited().length;
  }

  /** Ends it for what does not pass; tells of the rest, once. */
  private refuse(blocks: readonly Block[]): void {
    const keys = new Set(blocks.map(({ title, reason }) => `${title} ${reason}`));
    for (const key of this.since.keys()) if (!keys.has(key)) this.since.delete(key);
    for (const block of blocks) {
      const key = `${block.title} ${block.reason}`;
      const since = this.since.get(key) ?? Date.now();
      this.since.set(key, since);
      if (block.hopeless || Date.now() - since > patience) throw blocked(block);
      this.tell(block.title, block.reason, block.says);
    }
  }

  private tell(title: string, reason: string, says: string): void {
    const key = `said ${title} ${reason}`;
    if (this.told.has(key)) return;
    this.told.add(key);
    this.up.report.waiting(title, says);
  }

  private late(done: readonly string[], blocks: readonly Block[]): JobError {
    const [block] = blocks;
    if (block) return blocked(block);
    const open = this.awaited()
      .filter((one) => !done.includes(titleOf(one)))
      .map(titleOf);
    const missing = this.waits.flatMap(({ title, needs }) => {
      const [need] = needs.filter((one) => !this.has(one));
      return need ? [`${title} (for ${need})`] : [];
    });
    const what = [...open, ...missing].slice(0, 5).join(', ');
    const { timeout } = this.up;
    return new JobError('unavailable', `not done within ${timeout / 1_000} s: ${what}`, {
      hint: 'kubectl get pods and describe say what they wait for; then run it again: it goes on',
    });
  }

  /** What no watch tells of is looked for now and then. */
  private async look(): Promise<void> {
    if (Date.now() - this.looked < 2_000) return;
    this.looked = Date.now();
    const ready = this.waits.filter(({ after }) => after.every((title) => this.applied.has(title)));
    const missing = ready.flatMap(({ needs }) => needs.filter((title) => !this.sight.has(title)));
    await this.sight.lookFor([...new Set(missing)]);
  }
}

function blocked({ title, says, kind, todo }: Block): JobError {
  return new JobError(kind, `${title}: ${says}`, { hint: todo });
}
