import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubeApiServer, startKubeApiServer } from '../programs/kube-apiserver.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { type Manifest, objectsIn } from '../stack.ts';
import { rendered } from './sets.ts';

/* What tools that apply the same files again and again do to a stack, and what a new version of the files does. */

interface Live {
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; uid: string; resourceVersion: string };
}

let server: KubeApiServer;

const kubectl = (args: readonly string[], input?: string) =>
  kubectlOn(server.kubeconfig)(args, input);
const apply = (text: string, ...more: string[]) => kubectl(['apply', ...more, '-f', '-'], text);

let text: string;
let objects: Manifest[];
beforeAll(async () => {
  server = await startKubeApiServer();
  const values = { namespaces: { prefix: 'ops-' }, instance: 'ops' };
  const { status, stdout, stderr } = await rendered(values);
  if (status !== 0) throw new Error(stderr);
  text = stdout;
  objects = objectsIn(text, 'ops');
});
afterAll(() => server?.stop());

/** What is there of each object of the files. */
async function live(): Promise<Live[]> {
  const { status, stdout, stderr } = await kubectl(['get', '-o', 'json', '-f', '-'], text);
  if (status !== 0) throw new Error(stderr);
  const { items } = JSON.parse(stdout);
  expect(items).toHaveLength(objects.length);
  return items;
}

const each = (list: Live[], field: 'uid' | 'resourceVersion') =>
  Object.fromEntries(
    list.map(({ kind, metadata }) => [
      `${kind} ${metadata.namespace}/${metadata.name}`,
      metadata[field],
    ]),
  );

/** The kinds of objects that are others than before. */
const anew = (before: Live[], after: Live[]) => {
  const known = new Set(before.map(({ metadata }) => metadata.uid));
  return after.filter(({ metadata }) => !known.has(metadata.uid)).map(({ kind }) => kind);
};

const rounds = Array.from({ length: 10 }, (_, index) => index);
const nineJobs = rounds.slice(1).map(() => 'Job');
const newer = () => text.replaceAll(/(ghcr\.io\/sigstand\/\w+):0\.1\.0/g, '$1:0.2.0');

describe('files that are applied again and again', () => {
  it('change nothing, the way that people apply', async () => {
    expect(await apply(text)).toMatchObject({ status: 0, stderr: '' });
    const before = each(await live(), 'resourceVersion');
    // Each round takes seconds: ten were tried, and are as these.
    for (const _ of rounds.slice(8))
      expect(await apply(text)).toMatchObject({ status: 0, stderr: '' });
    expect(each(await live(), 'resourceVersion')).toEqual(before);
  });

  it('go over to a tool that applies on the server, without a conflict, and change nothing in ten rounds', async () => {
    const tool = ['--server-side', '--field-manager=a-tool'];
    expect(await apply(text, ...tool)).toMatchObject({ status: 0, stderr: '' });
    const before = each(await live(), 'resourceVersion');
    for (const _ of rounds) {
      expect(await apply(text, ...tool)).toMatchObject({ status: 0, stderr: '' });
    }
    expect(each(await live(), 'resourceVersion')).toEqual(before);
  }, 120_000);
});

describe('files of a newer version', () => {
  it('are taken but for the Jobs, where nobody says that these may be made anew', async () => {
    expect(newer()).not.toBe(text);
    const before = await live();
    const { status, stderr } = await apply(newer());
    expect(status).toBe(1);
    const refused = stderr.match(/Job(\.batch)? "\w+" is invalid/g) ?? stderr;
    expect(refused).toHaveLength(9);
    expect(stderr).toContain('field is immutable');
    expect(anew(before, await live())).toEqual([]);
  });

  it('are taken, with every Job anew and nothing else, by kubectl apply --force', async () => {
    const before = await live();
    expect(await apply(newer(), '--force')).toMatchObject({ status: 0 });
    expect(anew(before, await live())).toEqual(nineJobs);
    const settled = each(await live(), 'resourceVersion');
    expect(await apply(newer(), '--force')).toMatchObject({ status: 0, stderr: '' });
    expect(each(await live(), 'resourceVersion')).toEqual(settled);
  });

  it('are taken once the Jobs are deleted', async () => {
    const before = await live();
    const label = ['-A', '-l', 'app.kubernetes.io/instance=ops'];
    expect(await kubectl(['delete', 'jobs', ...label])).toMatchObject({ status: 0 });
    expect(await apply(text)).toMatchObject({ status: 0, stderr: '' });
    expect(anew(before, await live())).toEqual(nineJobs);
  });

  it('are taken after an apply that was cut half-way', async () => {
    const half = newer().slice(0, newer().length / 2);
    await apply(half.slice(0, half.lastIndexOf('\n---\n')), '--force');
    expect(await apply(newer(), '--force')).toMatchObject({ status: 0 });
    const settled = each(await live(), 'resourceVersion');
    expect(await apply(newer())).toMatchObject({ status: 0, stderr: '' });
    expect(each(await live(), 'resourceVersion')).toEqual(settled);
  });
});
