import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digest, names, version } from '../pushed.ts';
import { type Machine, registry } from './machine.ts';

/** A release of a machine's checkout, as the release's workflow makes it, but for who signs. */
export interface Release {
  /** What `docker buildx bake --metadata-file` wrote. */
  readonly metadata: unknown;
  /** The digest that the registry has of each Job's image. */
  readonly digests: ReadonlyMap<string, string>;
  /** The files beside the archive. */
  readonly files: string;
  /** What the archive holds: the tree of the tag. */
  readonly tree: string;
  /** The tree before it had digests. */
  readonly before: string;
}

/**
 * Builds our images by bake, pushes them to where they are named, and makes the release's files of what bake says.
 * Left out: arm64, since the machine's registries have no base for it, and the SBOM, whose scanner is in none.
 */
export async function release(machine: Machine, work: string): Promise<Release> {
  const [metadata, files] = [join(work, 'images.json'), join(work, 'files')];
  const [tree, before] = [join(work, 'tree'), join(work, 'before')];
  const inCheckout = (script: string) => machine.must(['bash', '-euo', 'pipefail', '-c', script]);
  await inCheckout(`
    git init -q . && echo node_modules >>.git/info/exclude && git add .
    git -c user.name=x -c user.email=x@example.com commit -qm all
    mkdir '${tree}' '${before}'
    git archive HEAD | tar -x -C '${before}'
    npm run --silent build
    PLATFORMS=linux/amd64 REVISION=$(git rev-parse HEAD) SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \\
      docker buildx bake --push --sbom=false --metadata-file '${metadata}'
    bash scripts/release/tree.sh ${version} '${metadata}' '${files}'
    tar -xzf '${files}/sigstand-${version}.tar.gz' --strip-components=1 -C '${tree}'`);
  const digests = await Promise.all(
    names.map(async (job): Promise<[string, string]> => {
      const url = `http://${registry}/v2/sigstand/${job}/manifests/${version}`;
      const index = 'accept: application/vnd.oci.image.index.v1+json';
      const said = await machine.must(['curl', '-fsS', '-H', index, '-o', '-', url]);
      return [job, digest(said)];
    }),
  );
  return {
    ...{ files, tree, before },
    digests: new Map(digests),
    metadata: JSON.parse(await readFile(metadata, 'utf8')),
  };
}
