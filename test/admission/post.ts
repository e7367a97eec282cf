import { join } from 'node:path';
import { it } from 'vitest';
import { containersOf, usageOf } from '../bench/load/cgroups.ts';
import { root } from '../cluster/rig.ts';
import type { Tally } from '../cluster/tally.ts';
import { figure } from '../faults/profile.ts';
import { type Case, type Cases, makeCases } from './cases.ts';
import type { Ground } from './ground.ts';
import { type Controller, type Guide, openGuide } from './guide.ts';
import { long } from './long.ts';
import { admits, ask, askBeside, askInto, refuses, until, type Verdict } from './verdict.ts';

/** Why each image is refused. */
export type Reasons = Partial<Readonly<Record<Case, RegExp>>>;

/** A controller at its post, as the tests speak to it. */
export interface Post {
  /** Signs the images; before the controller is there. */
  prepare(): Promise<void>;
  /** Installs the controller. */
  open(): Promise<void>;
  follow: Guide['follow'];
  /** The path of a file of the last export. */
  trust(file: string): string;
  check(title: string, body: () => Promise<void>): void;
  /** Checks that it admits each of them. */
  admits(...names: readonly Case[]): void;
  /** Checks that it refuses each of them, and says why. */
  refuses(why: RegExp, ...names: readonly Case[]): void;
  /** Checks that it refuses each for its own reason. */
  refusesEach(reasons: Reasons): void;
  /** Its word on one of the cases, or on an image by its name. */
  judge(image: Case | { readonly image: string }): Promise<Verdict>;
  /** Asks until it says so; resolves to seconds. */
  until(image: Case | { readonly image: string }, admitted: boolean): Promise<number>;
  restart(): Promise<void>;
  /** Lets the API server find it, or not. */
  reachable(is: boolean): Promise<void>;
  /** Its word on a case in an init container, beside an image that it admits. */
  judgeBeside(name: Case, admitted: Case): Promise<Verdict>;
  /** A Pod that is made, and runs. */
  runs(name: Case): Promise<void>;
  /** Its word on a case in a container that is added to that Pod. */
  judgeInto(name: Case): Promise<Verdict>;
  /** Prints a figure of it. */
  says(text: string): void;
  saysMemory(): Promise<void>;
  /** Prints how long the API server takes for a Pod that is judged, and for one that is not. */
  saysLatency(image: Case): Promise<void>;
}

const places = {
  'policy-controller': {
    repository: 'pc',
    deployment: 'webhook',
    service: 'webhook',
    at: 'cosign-system',
  },
  kyverno: {
    repository: 'ky',
    deployment: 'kyverno-admission-controller',
    service: 'kyverno-svc',
    at: 'kyverno',
  },
} as const;

export function postOf(of: () => Ground, controller: Controller, tally: Tally): Post {
  const { repository, deployment, service, at } = places[controller];
  const namespace = `with-${controller}`;
  let made: Cases | undefined;
  let guide: Guide | undefined;
  const cases = () => made as Cases;
  const kubectl = (...args: string[]) => of().cluster.kubectl(...args);
  const nameOf = (image: Case | { readonly image: string }) =>
    typeof image === 'string' ? cases()[image] : image.image;
  const rolledOut = () =>
    kubectl('rollout', 'status', `deployment/${deployment}`, '-n', at, '--timeout=3m');
  const post: Post = {
    async prepare() {
      made = await makeCases(of(), repository);
      guide = await openGuide(of(), controller, { repository, namespace });
    },
    async open() {
      await of().cluster.must(['up', '--with', controller]);
    },
    follow: (heading) => (guide as Guide).follow(heading),
    trust: (file) => join((guide as Guide).trust, file),
    check(title, body) {
      tally.plan(controller);
      it(title, async () => {
        await body();
        tally.pass(controller);
      });
    },
    admits(...names) {
      for (const name of names)
        post.check(`admits ${name}`, async () => admits(await post.judge(name)));
    },
    refuses(why, ...names) {
      for (const name of names)
        post.check(`refuses ${name}`, async () => refuses(await post.judge(name), why));
    },
    refusesEach(reasons) {
      for (const [name, why] of Object.entries(reasons)) post.refuses(why, name as Case);
    },
    judge: (image) => ask(of().cluster, namespace, nameOf(image)),
    until: (image, admitted) => until(of().cluster, [namespace, nameOf(image)], admitted),
    async restart() {
      await kubectl('rollout', 'restart', `deployment/${deployment}`, '-n', at);
      await rolledOut();
    },
    async reachable(is) {
      const selector = { 'sigstand.dev/nowhere': is ? null : 'true' };
      const patch = JSON.stringify({ spec: { selector } });
      await kubectl('patch', 'service', service, '-n', at, '-p', patch);
      // The API server keeps its connections to who is there.
      if (!is) await post.restart();
    },
    judgeBeside: (name, admitted) =>
      askBeside(of().cluster, namespace, {
        admitted: cases()[admitted],
        other: cases()[name],
      }),
    judgeInto: (name) => askInto(of().cluster, namespace, { pod: 'signed', image: cases()[name] }),
    async runs(name) {
      const pod = ['-n', namespace];
      await kubectl('run', 'signed', ...pod, '--image', cases()[name]);
      await kubectl('wait', '--for=condition=Ready', 'pod/signed', ...pod, '--timeout=1m');
    },
    says: (text) => figure(`${controller}: ${text}`),
    async saysMemory() {
      const used = (await containersOf(of().cluster, '-n', at)).map(usageOf);
      const bytes = (await Promise.all(used)).reduce((sum, { memory }) => sum + memory, 0);
      post.says(`${Math.round(bytes / 1_000_000)} MB`);
    },
    async saysLatency(image) {
      // Left out by either controller, as the stack's own are.
      const plain = `without-${controller}`;
      await kubectl('create', 'namespace', plain);
      await kubectl('label', 'namespace', plain, 'app.kubernetes.io/part-of=sigstand');
      const program = join(root, 'test/admission/latency.ts');
      const pods = long ? '200' : '20';
      const args = [program, cases()[image], pods, namespace, plain];
      const times = JSON.parse(await of().cluster.mustExec([process.execPath, ...args]));
      for (const [where, all] of Object.entries(times as Record<string, number[]>)) {
        all.sort((a, b) => a - b);
        const at = (share: number) => all[Math.ceil(share * all.length) - 1]?.toFixed(0);
        post.says(`a Pod ${where}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${all.length})`);
      }
    },
  };
  return post;
}
