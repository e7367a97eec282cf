import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  ctlogSecrets,
  fulcioSecrets,
  rekorSigningSecret,
  tsaCertChain,
  tufRepository,
} from '@sigstand/contracts/records';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { createTuf } from '@sigstand/createtuf/job';
import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { parseCertificates } from '@sigstand/pki/chain';
import { fingerprint, publicPem } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { memoryStore } from '@sigstand/store/memory';
import { type Data, type Ref, type Snapshot, type Store, show } from '@sigstand/store/store';
import type { Ground } from '../packages/sigstand/src/rotate/ground.ts';
import type { JobObject } from '../packages/sigstand/src/rotate/settings.ts';
import { argsInPod, type JobPod, jobPodsOf, jobs } from './jobs.ts';
import { type Manifest, manifests } from './stack.ts';

/* A stack in memory, made by the real Jobs, whose services sign with what their Secrets held when they started. */

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** What a process that is killed here throws. */
export class Killed extends Error {}

export interface MemoryStack extends Ground {
  readonly store: Store;
  /** What the web server hands out. */
  served(): Data;
  /** The key that a service signs with, by the SHA-256 of it. */
  signsWith(server: Server): string;
  /** Lets so many changes through, and then kills whoever makes the next. */
  budget: number;
  /** Changes that were made, in words. */
  readonly changes: string[];
  /** As if its Pod had died. */
  start(server: Server): Promise<void>;
  remove(ref: Ref): Promise<void>;
}

type Server = 'rekor' | 'fulcio' | 'ctlog' | 'tsa';

const secrets: Record<Server, Ref> = {
  rekor: rekorSigningSecret,
  fulcio: fulcioSecrets,
  ctlog: ctlogSecrets,
  tsa: tsaCertChain,
};

/** A Job as it is in these tests: what a real client says to each repository is asked elsewhere. */
export function jobFor({ job }: JobPod): Job {
  return job === 'createtuf' ? createTuf({ check: async () => {} }) : jobs[job]!();
}

const pristine = new Map<readonly Manifest[], Promise<Records>>();

type Records = readonly (readonly [Ref, Snapshot])[];

/** What the Jobs of some manifests have made, once for all tests. */
function madeBy(objects: readonly Manifest[]): Promise<Records> {
  const known = pristine.get(objects) ?? make(objects);
  pristine.set(objects, known);
  return known;
}

async function make(objects: readonly Manifest[]): Promise<Records> {
  const all = memoryStore();
  const refs = new Map<string, Ref>();
  const store: Store = {
    ...all,
    async write(ref, change, replacing) {
      refs.set(show(ref), ref);
      await all.write(ref, change, replacing);
    },
  };
  for (const { kind, metadata, ...rest } of objects) {
    if (kind !== 'ConfigMap') continue;
    const { data = {} } = rest as { data?: Record<string, string> };
    const entries = Object.entries(data).map(([key, value]) => [key, bytes(value)]);
    const ref: Ref = {
      kind: 'ConfigMap',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
    };
    await store.write(ref, { data: Object.fromEntries(entries) });
  }
  const once = jobPodsOf(objects).filter(({ owner }) => owner.kind === 'Job');
  await Promise.all(
    once.map(async (pod) => {
      const args = [...argsInPod(pod), '--timeout=40s'];
      const now = () => new Date(begin);
      const { status, stderr } = await runJob(jobFor(pod), store, { args, env: pod.env, now });
      if (status !== 0) throw new Error(stderr);
    }),
  );
  return Promise.all(
    [...refs.values()].map(async (ref) => [ref, (await all.read(ref)) as Snapshot] as const),
  );
}

const begin = Date.parse('2031-01-01T00:00:00Z');

/** A stack after `kubectl apply -f manifests`. */
export async function memoryStack(objects: readonly Manifest[] = manifests): Promise<MemoryStack> {
  const all = memoryStore();
  for (const [ref, { data, annotations }] of await madeBy(objects)) {
    await all.write(ref, { data, annotations });
  }
  const removed = new Set<string>();
  const running = new Map<Server, Data>();
  const changes: string[] = [];
  let served: Data = {};
  let clock = begin + 60_000;

  const counted = (what: string) => {
    if (stack.budget-- <= 0) throw new Killed(what);
    changes.push(what);
  };
  const read: Store['read'] = async (ref) => (removed.has(show(ref)) ? undefined : all.read(ref));
  const raw: Store = {
    ...all,
    read,
    async write(ref, change, replacing) {
      // Memory has no deletion: what was removed is there, and empty.
      const hidden = removed.delete(show(ref)) ? await all.read(ref) : undefined;
      const remove = hidden ? Object.keys(hidden.data) : [];
      const blank = Object.fromEntries(
        Object.keys(hidden?.annotations ?? {}).map((key) => [key, '']),
      );
      const whole = hidden
        ? { ...change, remove, annotations: { ...blank, ...change.annotations } }
        : change;
      await all.write(ref, whole, hidden ?? replacing);
    },
  };
  const store: Store = {
    ...raw,
    async write(ref, change, replacing) {
      counted(`write ${show(ref)}`);
      await raw.write(ref, change, replacing);
    },
  };
  const podOf = (name: string, kind = 'Job'): JobPod => {
    const found = jobPodsOf(objects).find(
      ({ owner }) => owner.kind === kind && owner.metadata.name === name,
    );
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found;
  };
  const runPod = async (pod: JobPod) => {
    const args = [...argsInPod(pod), '--timeout=40s'];
    const now = () => new Date(clock);
    const { status, stderr } = await runJob(jobFor(pod), raw, { args, env: pod.env, now });
    if (status !== 0) throw new Error(stderr);
  };
  const start = async (server: Server) => {
    running.set(server, (await all.read(secrets[server]))?.data ?? {});
  };
  const live = (server: Server) => running.get(server) ?? {};
  // To open a sealed key takes a tenth of a second, on purpose.
  const opened = new WeakMap<Data, KeyObject>();
  const keyOf = (server: Server) => {
    const data = live(server);
    const key = opened.get(data) ?? openedIn(server, data);
    opened.set(data, key);
    return key;
  };
  const openedIn = (server: Server, data: Data) => {
    const sealed = server === 'rekor' || server === 'tsa' ? 'signing-secret' : 'private';
    const password =
      server === 'ctlog'
        ? readConfig(data.config ?? bytes('')).password
        : (data[server === 'fulcio' ? 'password' : 'signing-secret-password'] ?? bytes(''));
    return openPrivateKey(data[sealed] ?? bytes(''), password);
  };

  const answers: Record<string, () => string> = {
    'http://rekor.rekor-system.svc/api/v1/log/publicKey': () =>
      Buffer.from(publicPem(createPublicKey(keyOf('rekor')))).toString(),
    'http://fulcio.fulcio-system.svc/api/v2/trustBundle': () => {
      const certificates = parseCertificates(live('fulcio').cert ?? bytes(''));
      matching(keyOf('fulcio'), certificates[0]?.publicKey);
      return JSON.stringify({ chains: [{ certificates: certificates.map(String) }] });
    },
    'http://tsa.tsa-system.svc/api/v1/timestamp/certchain': () => {
      const chain = live('tsa')['cert-chain'] ?? bytes('');
      matching(keyOf('tsa'), parseCertificates(chain)[0]?.publicKey);
      return Buffer.from(chain).toString();
    },
    'http://ctlog.ctlog-system.svc/sigstorescaffolding/ct/v1/get-roots': () => {
      const roots = parseCertificates(live('ctlog').rootca ?? bytes(''));
      return JSON.stringify({ certificates: roots.map(({ raw: der }) => der.toString('base64')) });
    },
    'http://ctlog.ctlog-system.svc/sigstorescaffolding/ct/v1/get-sth': () => {
      const head = Buffer.alloc(50);
      head.writeUInt8(1, 1);
      head.writeBigUInt64BE(BigInt(clock), 2);
      const signature = sign('sha256', head, keyOf('ctlog'));
      const size = Buffer.alloc(2);
      size.writeUInt16BE(signature.length);
      return JSON.stringify({
        ...{
          tree_size: 0,
          timestamp: clock,
          sha256_root_hash: Buffer.alloc(32).toString('base64'),
        },
        tree_head_signature: Buffer.concat([Buffer.from([4, 3]), size, signature]).toString(
          'base64',
        ),
      });
    },
  };

  const stack: MemoryStack = {
    store,
    changes,
    budget: Number.POSITIVE_INFINITY,
    served: () => served,
    start,
    signsWith: (server) => fingerprint(createPublicKey(keyOf(server))),
    now() {
      clock += 10;
      return new Date(clock);
    },
    async pause(time) {
      clock += time;
    },
    async way({ url }) {
      const answer = answers[url];
      if (!answer) throw new Error(`nobody answers ${url}`);
      return { status: 200, type: '', body: Buffer.from(answer()) };
    },
    async job({ kind, namespace, name }) {
      const found = objects.find(
        (one) =>
          one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace,
      );
      if (!found) throw new Error(`no ${kind} ${name}`);
      const { spec } = found as unknown as { spec: { jobTemplate: JobObject } };
      return kind === 'CronJob' ? spec.jobTemplate : (found as unknown as JobObject);
    },
    async run({ name }) {
      counted(`run ${name}`);
      await runPod(podOf(name, 'CronJob'));
    },
    async restart({ name }) {
      counted(`restart ${name}`);
      await start(name as Server);
    },
    async timestamps() {
      return [served['timestamp.json'] ?? bytes('')];
    },
    async touch() {
      served = (await all.read(tufRepository))?.data ?? {};
    },
    async remove(ref) {
      counted(`remove ${show(ref)}`);
      removed.add(show(ref));
    },
  };

  for (const server of Object.keys(secrets) as Server[]) await start(server);
  await stack.touch('');
  return stack;
}

function matching(key: KeyObject, certified?: KeyObject) {
  if (!certified || fingerprint(createPublicKey(key)) !== fingerprint(certified)) {
    throw new Error('a service would not start: its certificate is not for its key');
  }
}
