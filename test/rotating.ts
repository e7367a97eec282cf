import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  ctlogSecrets,
  fulcioSecrets,
  rekorConfig,
  rekorSigningSecret,
  tsaCertChain,
  tufRepository,
} from '@sigstand/contracts/records';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { runJob } from '@sigstand/job/testing';
import { parseCertificates } from '@sigstand/pki/chain';
import { fingerprint, publicPem } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { memoryStore } from '@sigstand/store/memory';
import { type Data, type Named, type Ref, type Store, secretIn, show } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../packages/sigstand/src/names.ts';
import type { Ground } from '../packages/sigstand/src/rotate/ground.ts';
import type { JobObject } from '../packages/sigstand/src/rotate/settings.ts';
import { argsInPod, type JobPod, jobPodsOf } from './jobs.ts';
import { begin, jobFor, madeBy } from './made-stack.ts';
import { ctLogIn } from './rotating-ct.ts';
import { rekorIn, type TreesIn, treesOf } from './rotating-log.ts';
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

const secretNames: Record<Server, string> = {
  rekor: rekorSigningSecret.name,
  fulcio: fulcioSecrets.name,
  ctlog: ctlogSecrets.name,
  tsa: tsaCertChain.name,
};
const servers = Object.keys(secretNames) as Server[];

/** A stack after `kubectl apply -f manifests`, or of other manifests, whose namespaces are named otherwise. */
export async function memoryStack(
  objects: readonly Manifest[] = manifests,
  naming: Naming = {},
): Promise<MemoryStack> {
  const url = (server: Server) => `http://${server}.${namespaceOf(naming, server)}.svc`;
  const secretOf = (server: Server) => secretIn(namespaceOf(naming, server), secretNames[server]);
  const repository = { ...tufRepository, namespace: namespaceOf(naming, 'tuf') };
  const all = memoryStore();
  for (const [ref, { data, annotations }] of await madeBy(objects)) {
    await all.write(ref, { data, annotations });
  }
  const removed = new Set<string>();
  const running = new Map<Server, Data>();
  const config = { ...rekorConfig, namespace: namespaceOf(naming, 'rekor') };
  let trees: TreesIn = { active: '', shards: [] };
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
  const podOf = ({ kind, name, namespace }: Named): JobPod => {
    const found = jobPodsOf(objects).find(
      ({ owner, namespace: its }) =>
        owner.kind === kind && owner.metadata.name === name && its === namespace,
    );
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found;
  };
  const runPod = async (pod: JobPod, more: readonly string[]) => {
    const args = [...argsInPod(pod), '--timeout=40s', ...more];
    const now = () => new Date(clock);
    const { status, stderr } = await runJob(jobFor(pod), raw, { args, env: pod.env, now });
    if (status !== 0) throw new Error(stderr);
  };
  const start = async (server: Server) => {
    running.set(server, (await all.read(secretOf(server)))?.data ?? {});
    if (server === 'rekor') trees = treesOf((await all.read(config))?.data ?? {});
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

  const [rekorUrl, ctlogUrl] = [url('rekor'), url('ctlog')];
  const answers: Record<string, () => string> = {
    [`${url('rekor')}/api/v1/log/publicKey`]: () =>
      Buffer.from(publicPem(createPublicKey(keyOf('rekor')))).toString(),
    [`${url('fulcio')}/api/v2/trustBundle`]: () => {
      const certificates = parseCertificates(live('fulcio').cert ?? bytes(''));
      matching(keyOf('fulcio'), certificates[0]?.publicKey);
      return JSON.stringify({ chains: [{ certificates: certificates.map(String) }] });
    },
    [`${url('tsa')}/api/v1/timestamp/certchain`]: () => {
      const chain = live('tsa')['cert-chain'] ?? bytes('');
      matching(keyOf('tsa'), parseCertificates(chain)[0]?.publicKey);
      return Buffer.from(chain).toString();
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
      await new Promise((resolve) => setImmediate(resolve));
    },
    async way({ url }) {
      const own = () => ctLogIn(url.slice(ctlogUrl.length), live('ctlog'), clock);
      const answer = url.startsWith(ctlogUrl)
        ? own()
        : (answers[url] ?? rekorIn(url.slice(`${rekorUrl}`.length), trees));
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
    async run({ kind, name, namespace }, args = []) {
      counted(`run ${[name, ...args].join(' ')}`);
      await runPod(podOf({ kind, name, namespace }), args);
    },
    async standBy({ name }) {
      counted(`stand by ${name}`);
    },
    async settle({ name }) {
      counted(`settle ${name}`);
      await start(name as Server);
    },
    async restart({ name }) {
      counted(`restart ${name}`);
      await start(name as Server);
    },
    async handedOut() {
      return [served];
    },
    async touch() {
      served = (await all.read(repository))?.data ?? {};
    },
    async remove(ref) {
      counted(`remove ${show(ref)}`);
      removed.add(show(ref));
    },
  };

  for (const server of servers) await start(server);
  await stack.touch('');
  return stack;
}

function matching(key: KeyObject, certified?: KeyObject) {
  if (!certified || fingerprint(createPublicKey(key)) !== fingerprint(certified)) {
    throw new Error('a service would not start: its certificate is not for its key');
  }
}
