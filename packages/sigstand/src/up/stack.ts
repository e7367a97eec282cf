import { JobError } from '@sigstand/job/errors';
import { fileAt } from '@sigstand/job/file';
import { standardInput } from '@sigstand/job/input';
import type { VerbContext } from '../verb.ts';
import { embeddedManifests } from './embedded.ts';
import { type KubeObject, objectsIn } from './objects.ts';

/** The objects of a stack, and where its TUF repository is. */
export interface StackObjects {
  readonly objects: readonly KubeObject[];
  readonly tuf: string;
}

type Input = Pick<VerbContext, 'stdin' | 'signal'>;

const most = 16 << 20; // bytes

/** The stack of a file, of standard input (`-`), or of this version. @throws {JobError} */
export async function stackOf(manifests: string | undefined, from: Input): Promise<StackObjects> {
  const objects =
    manifests === undefined
      ? objectsIn(ownManifests(), 'the manifests')
      : objectsIn(
          await textOf(manifests, from),
          manifests === '-' ? 'standard input' : '--manifests',
        );
  const tuf = objects.find(
    ({ kind, metadata }) =>
      kind === 'Service' && metadata.name === 'tuf' && metadata.namespace !== undefined,
  )?.metadata.namespace;
  if (tuf !== undefined) return { objects, tuf };
  throw new JobError('data', 'the manifests have no Service tuf: they are not of a whole stack', {
    hint: 'give all of what helm template prints of the chart',
  });
}

/** The lease by which operators of a stack keep apart, as an object. */
export const leaseIn = (namespace: string): KubeObject => ({
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  metadata: { namespace, name: 'sigstand' },
});

async function textOf(path: string, { stdin, signal }: Input): Promise<string> {
  if (path === '-') return standardInput(stdin(), { most, signal });
  return Buffer.from(fileAt('--manifests', path, { most, failure: 'usage' })).toString();
}

function ownManifests(): string {
  const own = embeddedManifests();
  if (own !== undefined) return own;
  throw new JobError('usage', 'the image has no manifests in it', {
    hint: 'give --manifests FILE: those of the release, or what helm template prints of the chart',
  });
}
