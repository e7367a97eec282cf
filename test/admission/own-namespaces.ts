import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Ground } from './ground.ts';
import type { Post } from './post.ts';
import { refuses } from './verdict.ts';

/** How a policy, as it was exported, comes to be for every image there is. */
export interface Everything {
  readonly file: string;
  /** What it has where the images stand. */
  readonly pattern: RegExp;
  readonly all: string;
}

/** That the stack comes up where the controller refuses everything, and where nobody answers for it. */
export function describeOwnNamespaces(of: () => Ground, post: Post, everything: Everything): void {
  describe('for every image there is', () => describeThem(of, post, everything));
}

function describeThem(of: () => Ground, post: Post, everything: Everything): void {
  const kubectl = (...args: string[]) => of().cluster.kubectl(...args);
  const startAgain = async () => {
    const place = ['-n', 'tsa-system'];
    await kubectl('rollout', 'restart', 'deployment/tsa', ...place);
    await kubectl('rollout', 'status', 'deployment/tsa', ...place, '--timeout=1m');
  };
  let exported: string;

  beforeAll(async () => {
    exported = await readFile(post.trust(everything.file), 'utf8');
    const wide = exported.replace(everything.pattern, everything.all);
    expect(wide).not.toBe(exported);
    await of().cluster.apply(wide);
    // What somebody may do who wants all namespaces judged.
    await kubectl('label', 'namespace', 'tsa-system', 'policy.sigstore.dev/include=true');
    await post.until({ image: 'ghcr.io/sigstand/createtuf' }, false);
  });
  afterAll(async () => {
    await kubectl('label', 'namespace', 'tsa-system', 'policy.sigstore.dev/include-');
    await of().cluster.apply(exported);
  });

  post.check('leaves the stack alone, whatever it refuses', startAgain);

  describe('when nobody answers', () => {
    beforeAll(() => post.reachable(false));
    afterAll(async () => {
      await post.reachable(true);
      await post.until('sig', true);
    });
    post.check('lets nothing in that it is to judge', async () =>
      refuses(await post.judge('sig'), /failed calling webhook/),
    );
    post.check('leaves the stack alone', startAgain);
  });
}
