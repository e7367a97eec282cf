import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Ref } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { argsInPod, type JobPod, jobPodsOf, jobs } from './jobs.ts';
import { firstStackIn, secondStack } from './second-stack.ts';
import { type Manifest, manifests, name, objectsIn } from './stack.ts';

const prefix = 'stg-';
const requests = new Set<string>();
const addresses = new Set<string>();
const store = memoryStore();
let renamed: Manifest[] = [];
let pods: JobPod[] = [];

beforeAll(async () => {
  renamed = objectsIn(await secondStack(prefix), 'the renamed manifests');
  pods = jobPodsOf(renamed);
  const once = pods.filter(({ owner }) => owner.kind === 'Job');
  const ended = await Promise.all(once.map(run));
  expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
}, 60_000);

function run(pod: JobPod) {
  const { trillian } = memoryTrillian();
  const connect = (address: string) => {
    addresses.add(address);
    return trillian;
  };
  const job = pod.job === 'createtree' ? createTree({ connect, newToken }) : jobs[pod.job]!();
  const noting = recording(store, (request) => requests.add(showRequest(request)));
  return runJob(job, noting, { args: [...argsInPod(pod), '--timeout=40s'], env: pod.env });
}

describe('the manifests under other names', () => {
  it('have no object in common with the first stack, be it in a namespace or of the whole cluster', () => {
    const names = renamed.map(name);
    expect(names).toHaveLength(manifests.length);
    expect(names.filter((one) => manifests.map(name).includes(one))).toEqual([]);
  });

  it('name no namespace of the first stack', () => {
    expect(firstStackIn(JSON.stringify(manifests)).length).toBeGreaterThan(100);
    expect(firstStackIn(JSON.stringify(renamed))).toEqual([]);
  });

  it('give the CronJob what they give its Job', () => {
    const [once, nightly] = ['Job', 'CronJob'].map((kind) =>
      pods.find(({ job, owner }) => job === 'createtuf' && owner.kind === kind),
    );
    expect(nightly?.env).toEqual(once?.env);
    expect(nightly?.args).toEqual(once?.args);
  });
});

describe('the Jobs of a second stack', () => {
  it('read and write in its own namespaces, and speak to its own Trillian', () => {
    expect([...addresses]).toEqual([`log-server-admin.${prefix}trillian-system.svc:80`]);
    expect(requests.size).toBeGreaterThan(30);
    expect([...requests].filter((one) => !one.includes(` ${prefix}`))).toEqual([]);
  });

  it('write nothing that leads to the first one', async () => {
    const written = [...requests].filter((one) => /^(create|patch) /.test(one));
    const refs = written.map((one) => {
      const [, kind, namespace = '', object = ''] = /^\w+ (\w+) ([^/]+)\/(.+)$/.exec(one) ?? [];
      return { kind, namespace, name: object } as Ref;
    });
    const texts = await Promise.all(
      refs.map(async (ref) => {
        const { data = {}, annotations = {} } = (await store.read(ref)) ?? {};
        const values = Object.values(data).map((bytes) => Buffer.from(bytes).toString());
        return [...values, JSON.stringify(annotations)].join('\n');
      }),
    );
    const all = texts.join('\n');
    // There are keys in it, which no failure may print.
    const own = [`http://rekor.${prefix}rekor-system.svc`, `log-server.${prefix}trillian-system`];
    expect(own.filter((one) => !all.includes(one))).toEqual([]);
    expect(firstStackIn(all)).toEqual([]);
  });
});
