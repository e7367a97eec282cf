import { describe, expect, it } from 'vitest';
import { bash, inFolder, standIn } from './shell.ts';

describe('an image of others on the node', () => {
  const image = `ghcr.io/team/server:v1@sha256:${'a'.repeat(64)}`;
  const byDigest = `ghcr.io/team/server@sha256:${'a'.repeat(64)}`;
  const seen = (listed: string) =>
    inFolder({}, (folder) => {
      // It still writes when the name has been read.
      const docker = `echo ${listed}; sleep 0.2; seq 100000`;
      const env = { PATH: standIn(folder, 'docker', docker), SIGSTAND_OUT: folder };
      const text = `source scripts/lib.sh; source scripts/kind.sh; source scripts/others.sh
        if on_node '${image}'; then echo there; else echo missing; fi`;
      return bash(text, { env }).stdout.trim();
    });

  it.each([image, byDigest])('is found in a list that goes on after %s', (listed) => {
    expect(seen(listed)).toBe('there');
  });

  it('is missed where another digest is there', () => {
    expect(seen(byDigest.replaceAll('a', 'b'))).toBe('missing');
  });
});
