import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cliOn } from '../../rotate/cli.ts';
import { blobIn, signs, verifies } from './mutual.ts';
import type { Led } from './stack.ts';

/** sigstore-java has a TUF client of its own: it follows what was replaced while it slept, and from the first root on. */
export function describeSleep(there: () => Led): void {
  describe('sigstore-java after sigstand rotate tuf-keys and fulcio', () => {
    type Which = 'slept' | 'fresh';
    const home = (which: Which) => join(there().work, `cache-${which}`);
    const as = (which: Which) => (script: string) =>
      script.replace(/^source \.\/env$/m, `export SIGSTAND_CACHE_HOME=${home(which)}\n$&`);
    let before: string;
    let after: string;

    beforeAll(async () => {
      before = await blobIn(there());
      await signs(there(), 'sigstore-java', before, as('slept'));
      expect(await rootOf('slept')).toBe(1);
      const cli = await cliOn(there().inside);
      for (const what of [['tuf-keys'], ['fulcio', '--linger=5s']]) {
        const { status, stdout, stderr } = await cli.run(['rotate', ...what]);
        expect({ what, status, stdout, stderr }).toMatchObject({ status: 0, stderr: '' });
      }
      after = await blobIn(there());
      await signs(there(), 'sigstore-java', after, as('slept'));
    });

    /** The version of the root that such a client has come to trust. */
    async function rootOf(which: Which): Promise<number> {
      const [sum = ''] = (await there().text('1.root.json.sha256')).split(' ');
      const root = join(home(which), sum.slice(0, 12), 'sigstore-java/tuf/root.json');
      return JSON.parse(await readFile(root, 'utf8')).signed.version;
    }

    it.each([
      ['one that slept', 'slept'],
      ['one that begins with the first root', 'fresh'],
    ] as const)('%s verifies what was signed before and after', async (_what, which) => {
      for (const blob of [before, after]) {
        await verifies(there(), 'sigstore-java', blob, as(which));
      }
      expect(await rootOf(which)).toBe(3);
    });
  });
}
