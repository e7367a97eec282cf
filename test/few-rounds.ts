import type { Plugin } from 'vitest/config';

/**
 * Seals keys with 1,000 rounds of PBKDF2 in place of 600,000 in what a project runs in its own process: a sixth of the
 * time of the unit tests went there. The test of the seal itself has the real one, and so has all that runs from `dist/`.
 */
export function fewRounds(): Plugin {
  const real = '?real';
  return {
    name: 'few-rounds',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (!importer?.endsWith('/pki/src/seal.test.ts') || source !== './seal.ts') return;
      const found = await this.resolve(source, importer, { ...options, skipSelf: true });
      return found && `${found.id}${real}`;
    },
    transform(code, id) {
      if (!id.endsWith('/pki/src/seal.ts')) return;
      const [before, after, ...more] = code.split(/\b600_000\b/);
      if (after === undefined || more.length > 0) {
        throw new Error('the rounds of PBKDF2 are not once in seal.ts');
      }
      return { code: `${before}1_000${after}`, map: null };
    },
  };
}
