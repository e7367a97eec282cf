import type { Finding } from '../status/finding.ts';

/** Under which name a cluster gives out its tokens, the manifests do not say: who signs has to know that, and can. */
export function bearable(finding: Finding): Finding {
  if (finding.check !== 'issuer' || finding.kind === undefined) return finding;
  const { kind: _kind, ...told } = finding;
  return { ...told, outcome: 'warn' };
}

/** Of all warnings the one that is about this cluster, and not about time. */
export function warnings(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ check, outcome }) => check === 'issuer' && outcome === 'warn')
    .map(({ check, subject, says, todo }) => `${check} ${subject}: ${says}; ${todo}`);
}

/** Whether there are Pods which may become ready. */
export function mayPass({ reason }: Finding): boolean {
  return reason === 'noReadyPod';
}
