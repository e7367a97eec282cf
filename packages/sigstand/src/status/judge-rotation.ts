import type { Naming } from '../names.ts';
import { lapseOf, standing } from '../rotate/lease-state.ts';
import type { Rotations, UnderWay } from '../rotate/under-way.ts';
import { type Finding, ok, warn } from './finding.ts';

/** What is said of rotations that are under way: while somebody works on one, all is as it should be. */
export function judgeRotations({ underWay, lease, at: now }: Rotations, naming: Naming): Finding[] {
  const { holderIdentity = '' } = lease?.spec ?? {};
  // Whoever is at work renews it before it comes near its end.
  const isHeld =
    standing(lease, { holder: '', now }) === 'held' && lapseOf(lease, now) === undefined;
  const who = isHeld ? `${holderIdentity} works on the stack` : 'nobody works on it';
  return underWay.map((one) => {
    const says = ['it is under way', lease && who, nextText(one)].filter(Boolean).join('; ');
    const told = { check: 'rotation', subject: one.what.join(' '), says };
    if (isHeld) return ok(told);
    const command = ['sigstand rotate', ...one.what, ...flagsOf(naming)].join(' ');
    return warn({ ...told, todo: `${command} goes on with it from there` });
  });
}

function nextText({ next }: UnderWay): string | undefined {
  if (next === undefined) return undefined;
  return 'stuck' in next ? `it is stuck: ${next.stuck}` : `next is ${next.step}: ${next.says}`;
}

function flagsOf({ namespacePrefix, singleNamespace }: Naming): string[] {
  return [
    ...(namespacePrefix ? [`--namespace-prefix=${namespacePrefix}`] : []),
    ...(singleNamespace ? [`--single-namespace=${singleNamespace}`] : []),
  ];
}
