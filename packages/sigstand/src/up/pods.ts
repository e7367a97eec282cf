import { lastWordsIn } from '../job-end.ts';
import type { Block } from './judge.ts';
import type { KubeObject } from './objects.ts';

/** A Pod, as far as it says what it waits for. */
export interface Pod extends KubeObject {
  readonly spec?: {
    readonly volumes?: readonly {
      readonly persistentVolumeClaim?: { readonly claimName?: string };
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly Container[];
    readonly containerStatuses?: readonly Container[];
  };
}

interface Waiting {
  readonly reason?: string;
  readonly message?: string;
}

interface Ended {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
}

/** What became of a container. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly state?: {
    readonly waiting?: Waiting;
    readonly terminated?: Ended;
  };
  readonly lastState?: { readonly terminated?: Ended };
}

/** What somebody warned of. */
export interface WarningEvent {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly uid?: string; readonly namespace?: string };
}

interface Of {
  readonly title: string;
  readonly object: KubeObject;
  readonly pod: Pod;
}

/** What a container waits for, where that is not just a moment. */
export function containerBlock(container: Container, { title, object, pod }: Of): Block[] {
  const { waiting, terminated } = container.state ?? {};
  const image = imageBlock(container, title);
  if (image) return uses(object, container.image) ? [image] : earlier(object, { title, pod });
  const said = waiting && notStarted(container, waiting);
  if (said) return [{ title, hopeless: false, kind: 'unavailable', ...said }];
  const crashed =
    waiting?.reason === 'CrashLoopBackOff' ? container.lastState?.terminated : undefined;
  const ended = crashed ?? (terminated?.exitCode ? terminated : undefined);
  return ended ? [endedBlock(container, ended, { title, pod })] : [];
}

/** A Pod of an earlier version is not what is waited for; but a StatefulSet waits for it, and never replaces it. */
function earlier({ kind }: KubeObject, { title, pod }: Pick<Of, 'title' | 'pod'>): Block[] {
  if (kind !== 'StatefulSet') return [];
  const { namespace, name } = pod.metadata;
  return [
    {
      ...{ title, reason: 'Earlier', hopeless: true, kind: 'unavailable' },
      says: `Kubernetes waits for its Pod ${name}, which is to have an image of before that cannot be pulled`,
      todo: `kubectl delete pod -n ${namespace} ${name} loses nothing; then run it again: it goes on`,
    },
  ];
}

function notStarted({ name }: Container, { reason = '', message = reason }: Waiting) {
  if (!/^CreateContainer(Config)?Error$/.test(reason)) return undefined;
  return {
    reason,
    says: `its container ${name} cannot be made: ${message}`,
    todo: 'see the Job that makes what it lacks',
  };
}

function endedBlock(
  { name }: Container,
  ended: Ended,
  { title, pod }: Pick<Of, 'title' | 'pod'>,
): Block {
  const said = lastWordsIn(ended.message ?? '');
  const log = `kubectl logs -n ${pod.metadata.namespace} ${pod.metadata.name} -c ${name}`;
  return {
    ...{ title, reason: 'Ended', hopeless: false, kind: 'unavailable' },
    says: `its container ${name} ended with ${ended.exitCode}: ${said?.message ?? lastLine(ended)}`,
    todo: said?.hint || log,
  };
}

function lastLine({ message = '', reason = '' }: Ended): string {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).at(-1) ?? reason;
}

const pulling =
  /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/;
/** What no second try mends. */
const lost =
  /not found|notfound|manifest unknown|denied|unauthorized|forbidden|no match for platform|gave http response|x509|no such host/i;

function imageBlock({ image, state }: Container, title: string): Block | undefined {
  const { reason = '', message = '' } = state?.waiting ?? {};
  // Back-off alone tells no cause: the state before or after has it.
  if (!pulling.test(reason) || (reason === 'ImagePullBackOff' && !/ErrImagePull/.test(message))) {
    return undefined;
  }
  const hopeless = /^(InvalidImageName|ErrImageNeverPull)$/.test(reason) || lost.test(message);
  const why = message
    .replace(/^Back-off pulling image "[^"]*": ErrImagePull: /, '')
    .replace(/^rpc error: code = [A-Za-z]+ desc = /, '')
    .replace(/^failed to pull and unpack image "[^"]*": /, '')
    .replace(/^failed to resolve (reference|image) "[^"]*": /, '');
  return {
    ...{ title, reason: 'Image', hopeless, kind: hopeless ? 'data' : 'unavailable' },
    says: `the image ${image} cannot be pulled: ${why} (${reason})`,
    todo: 'let the nodes pull it, or name another place by --registry; then run it again: it goes on',
  };
}

/** Whether an object's Pods are to have this image. The kubelet tells an image by the name that it was given. */
function uses({ spec }: KubeObject, image: string): boolean {
  return JSON.stringify(spec ?? {}).includes(JSON.stringify(image));
}
