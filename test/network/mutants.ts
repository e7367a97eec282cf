import type { Policy } from './policies.ts';

export interface Mutant {
  readonly title: string;
  readonly policies: readonly Policy[];
}

type Path = readonly (string | number)[];

/**
 * The policies, each time with one thing less: a policy, a rule, a peer, a port, a selector, a value. Less of a
 * list is a right taken away; without a list or a selector at all, a rule is wider than it was.
 */
export function mutants(policies: readonly Policy[]): Mutant[] {
  return policies.flatMap((policy, index) => {
    const { namespace, name } = policy.metadata;
    const without = (title: string, ...changed: Policy[]): Mutant => ({
      title: `${namespace}/${name} without ${title}`,
      policies: policies.toSpliced(index, 1, ...changed),
    });
    const parts = pathsIn(policy.spec).map((path) =>
      without(path.join('.'), { ...policy, spec: removed(policy.spec, path) }),
    );
    return [without('all of it'), ...parts];
  });
}

/** Every part of a spec that can be left out; a selector is left out by becoming empty, too. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    // Left out, the first means the second or TCP, which the manifests always write.
    const meaning = !['protocol', 'operator', 'key'].includes(key);
    // A spec must have these two; inside, they can be less.
    const must = path.length === 0 && ['podSelector', 'policyTypes'].includes(key);
    return [...(meaning && !must ? [here] : []), ...pathsIn(inner, here)];
  });
}

function removed<T>(value: T, [key, ...rest]: Path): T {
  if (key === undefined) return value;
  if (Array.isArray(value)) {
    const index = Number(key);
    return (
      rest.length === 0 ? value.toSpliced(index, 1) : value.with(index, removed(value[index], rest))
    ) as T;
  }
  const record = value as Record<string, unknown>;
  if (rest.length > 0) return { ...record, [key]: removed(record[key], rest) } as T;
  const { [key]: _, ...others } = record;
  return others as T;
}
