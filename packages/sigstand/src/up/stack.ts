import { readFileSync } from 'node:fs';
import { JobError } from '@sigstand/job/errors';
import { fileAt } from '@sigstand/job/file';
import { embeddedManifests } from './embedded.ts';
import { type KubeObject, objectsIn } from './objects.ts';

/** The objects of a stack, and where its TUF repository is. */
export interface StackObjects {
  readonly objects: readonly KubeObject[];
  readonly tuf: string;
}

const most = 16 << 20; // bytes

/** The stack of a file, of standard input (`-`), or of this version. @throws {JobError} */
export function stackOf(manifests: string | undefined): StackObjects {
  const objects =
    manifests === undefined
      ? objectsIn(embeddedManifests(), 'the manifests')
      : objectsIn(textOf(manifests), manifests === '-' ? 'standard input' : '--manifests');
  const tuf = objects.find(
    ({ kind, metadata }) =>
      kind === 'Service' && metadata.name === 'tuf' && metadata.namespace !== undefined,
  )?.metadata.namespace;
  if (tuf !== undefined) return { objects, tuf };
  throw new JobError('data', 'the manifests have no Service tuf: they are not of a whole stack', {
    hint: 'give all of what helm template prints of the chart',
  });
}

function textOf(path: string): string {
  if (path === '-') return readFileSync(0, 'utf8');
  return Buffer.from(fileAt('--manifests', path, { most, failure: 'usage' })).toString();
}
