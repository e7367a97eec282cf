import { describe, expect, it } from 'vitest';
import { type Manifest, manifests, name } from './stack.ts';

describe('what tools are told', () => {
  const told = (kind: string) =>
    manifests
      .filter((object) => object.kind === kind)
      .map((object) => [name(object), annotationsOf(object)]);
  const annotationsOf = ({ metadata }: Manifest) => metadata.annotations;

  it('is that each namespace stays, whatever is pruned or uninstalled', () => {
    expect(told('Namespace')).toHaveLength(6);
    for (const [, annotations] of told('Namespace')) {
      expect(annotations).toEqual({
        'helm.sh/resource-policy': 'keep',
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
        'kustomize.toolkit.fluxcd.io/prune': 'disabled',
      });
    }
  });

  it('is that each Job is made anew where it has changed', () => {
    expect(told('Job')).toHaveLength(9);
    for (const [, annotations] of told('Job')) {
      expect(annotations).toEqual({
        'argocd.argoproj.io/sync-options': 'Replace=true,Force=true',
        'kustomize.toolkit.fluxcd.io/force': 'enabled',
      });
    }
  });

  it('is no more than that: what else there is may be changed and pruned', () => {
    const rest = manifests.filter(({ kind }) => !['Namespace', 'Job'].includes(kind));
    expect(rest.filter((object) => annotationsOf(object)).map(name)).toEqual([]);
  });
});
