import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pods } from './stack.ts';

type Amounts = Readonly<Record<'cpu' | 'memory', string>>;

const units = { m: 1 / 1_000, Mi: 1, Gi: 1_024 } as const;

/** Cores, or MiB. */
function amount(text: string): number {
  const [, number = '', unit = ''] = /^(\d+)(m|Mi|Gi)?$/.exec(text) ?? [];
  return Number(number) * (units[unit as keyof typeof units] ?? 1);
}

/** What a Pod counts for: its containers together, or one that runs before them and wants more. */
function counted(spec: (typeof pods)[number]['spec'], kind: 'requests' | 'limits') {
  const of = (container: { resources: Record<string, Amounts> }, what: keyof Amounts) =>
    amount(container.resources[kind]![what]);
  return (what: keyof Amounts): number =>
    Math.max(
      ...(spec.initContainers ?? []).map((one: never) => of(one, what)),
      spec.containers.reduce((sum: number, one: never) => sum + of(one, what), 0),
    );
}

function row(namespace: string): string {
  const sum = (kind: 'requests' | 'limits', what: keyof Amounts) =>
    pods
      .filter(({ owner }) => owner.metadata.namespace === namespace)
      // A Deployment has a Pod more while it rolls.
      .reduce((total, { owner, spec }) => {
        const copies = owner.kind === 'Deployment' ? 2 : 1;
        return total + copies * counted(spec, kind)(what);
      }, 0);
  const cores = (kind: 'requests' | 'limits') => `${Math.round(sum(kind, 'cpu') * 1_000)}m`;
  const memory = (kind: 'requests' | 'limits') => `${sum(kind, 'memory')}Mi`;
  const cells = [cores('requests'), memory('requests'), cores('limits'), memory('limits')];
  return `| ${namespace} | ${cells.join(' | ')} |`;
}

it("what a namespace's quota needs stands in the manifests' README as they add up", () => {
  const readme = readFileSync(join(import.meta.dirname, '../manifests/README.md'), 'utf8');
  const table = readme.split('\n').filter((line) => /^\| \S+-system \| \d+m \|/.test(line));
  const namespaces = [...new Set(pods.map(({ owner }) => owner.metadata.namespace ?? ''))];
  expect(table).toEqual(namespaces.map(row));
});
