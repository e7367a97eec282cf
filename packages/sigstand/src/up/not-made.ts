import type { Block } from './judge.ts';
import type { KubeObject } from './objects.ts';
import type { Pod, WarningEvent } from './pods.ts';
import { webhookTodo } from './refused.ts';

interface Signs {
  readonly events: readonly WarningEvent[];
  readonly pods: readonly Pod[];
}

type Verdict = Pick<Block, 'hopeless' | 'kind' | 'todo'>;

/** What forbids a Pod, by the words of who does; the first that fits. */
const verdicts: readonly (readonly [RegExp, Verdict])[] = [
  [
    /violates PodSecurity|denied the request|denied request/,
    {
      ...{ hopeless: true, kind: 'data' },
      todo: 'change that rule, or let these namespaces out of it',
    },
  ],
  [
    /(maximum|minimum) \S+ usage per \w+ is|max limit to request ratio/,
    {
      ...{ hopeless: true, kind: 'data' },
      todo: 'change that LimitRange, or the resources of the manifests',
    },
  ],
  [
    /exceeded quota|must specify/,
    {
      ...{ hopeless: false, kind: 'data' },
      todo: 'raise the quota (manifests/README.md has the figures)',
    },
  ],
  [
    /failed calling webhook/,
    {
      ...{ hopeless: false, kind: 'tryAgain' },
      todo: webhookTodo,
    },
  ],
];
const other: Verdict = {
  ...{ hopeless: false, kind: 'tryAgain' },
  todo: 'see that the controllers of Kubernetes run',
};

/** Why a controller makes no Pod: a quota, a limit, a webhook, Pod Security, a service account. */
export function notMade(object: KubeObject, title: string, signs: Signs): Block[] {
  const message =
    object.kind === 'Deployment' ? replicaFailure(object) : failedCreate(object, signs);
  if (message === undefined) return [];
  const why = message.replace(/^(Error creating: |[Cc]reate (Pod|Claim) .*? failed error: )/, '');
  const verdict = verdicts.find(([words]) => words.test(why))?.[1] ?? other;
  return [{ title, reason: 'FailedCreate', says: `no Pod of it is made: ${why}`, ...verdict }];
}

function replicaFailure({ status }: KubeObject): string | undefined {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: { type: string; status: string; message?: string }[];
  };
  return conditions.find((one) => one.type === 'ReplicaFailure' && one.status === 'True')?.message;
}

function failedCreate(object: KubeObject, { events, pods }: Signs): string | undefined {
  if (pods.length > 0) return undefined;
  return events.findLast(
    (one) => one.reason === 'FailedCreate' && one.involvedObject?.uid === object.metadata.uid,
  )?.message;
}
