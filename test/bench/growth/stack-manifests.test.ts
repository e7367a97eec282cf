import { beforeAll, describe, expect, it } from 'vitest';
import { wholeStack } from '../../faults/whole-stack.ts';
import { oncePods } from '../../jobs.ts';
import { environmentOf } from '../../stack.ts';
import { crossTalk, type StackObjects } from './cross-talk.ts';
import { conflictsIn, stackNamed } from './stack-manifests.ts';

let [one, other]: StackObjects[] = [];
beforeAll(async () => {
  [one, other] = await Promise.all([stackOf('one'), stackOf('other')]);
}, 60_000);

async function stackOf(name: string): Promise<StackObjects> {
  return { name, objects: await wholeStack() };
}

const without = ({ objects }: StackObjects, name: string) =>
  objects.filter(({ metadata }) => metadata.name !== name);

describe('cross-talk', () => {
  it('is nothing between two stacks of their own', () => {
    expect(crossTalk([one!])).toEqual([]);
    // The Trillian in memory tells all intents apart by a token that is one and the same here.
    expect(crossTalk([one!, other!]).filter((fault) => !fault.includes('treeID'))).toEqual([]);
  });

  it('is what is in two stacks', () => {
    const found = crossTalk([one!, { ...one!, name: 'copy' }]);
    expect(found).toContain(
      'copy: rekor/rekor-pub-key public is the same as one: rekor/rekor-pub-key public',
    );
  });

  it('is a repository that trusts the keys of another stack', () => {
    const theirs = other!.objects.filter(({ metadata }) => metadata.namespace === 'tuf-system');
    const own = one!.objects.filter(({ metadata }) => metadata.namespace !== 'tuf-system');
    const found = crossTalk([{ name: 'one', objects: [...own, ...theirs] }]);
    expect(found.some((fault) => /trusts \d+ keys or certificates that are not/.test(fault))).toBe(
      true,
    );
  });

  it('is not told of a stack that is not whole', () => {
    const objects = without(one!, 'tuf-root');
    expect(crossTalk([{ name: 'one', objects }])).toContain('one: Secret tuf/tuf-root is missing');
  });
});

describe('a stack under another name', () => {
  const { ground, jobs: made } = stackNamed('b7', 'trial');

  it('has nothing in the namespaces of the first one', () => {
    expect(JSON.stringify([ground, made])).not.toContain('-system');
    expect(made).toHaveLength(oncePods.length);
  });

  it('tells a Job where the other objects are', () => {
    const copy = made.find(({ metadata }) => metadata.name === 'copysecrets')!;
    expect(environmentOf({ owner: copy, spec: copy.spec.template.spec })).toMatchObject({
      COPYSECRETS_REKOR_SECRET: 'rekor-b7/rekor-pub-key',
    });
  });
});

describe('the conflicts of an API server', () => {
  it('are those about Secrets and ConfigMaps', () => {
    const line = (resource: string, code: number, count: number) =>
      `apiserver_request_total{code="${code}",resource="${resource}",verb="APPLY"} ${count}`;
    const metrics = [line('secrets', 409, 2), line('pods', 409, 5), line('configmaps', 409, 1)];
    expect(conflictsIn([...metrics, line('secrets', 200, 9)].join('\n'))).toBe(3);
  });
});
