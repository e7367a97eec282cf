import type { Access } from '@sigstand/store/api';
import { lookedAt } from '../down/look.ts';
import type { Applied } from '../up/apply.ts';
import type { KubeObject } from '../up/objects.ts';
import { leaseIn } from '../up/stack.ts';
import { recordAt, writeRecord } from './file.ts';
import { noted, settled } from './record.ts';

/** Told of what was applied in the end. */
export type Settle = (applied: ReadonlyMap<string, Applied>) => Promise<void>;

/**
 * Notes in a file what is about to be made; resolves to what notes which objects these are by then. Who is killed between
 * both has all their names there.
 *
 * @throws {JobError}
 */
export async function noting(
  path: string | undefined,
  access: Access,
  { objects, tuf }: { readonly objects: readonly KubeObject[]; readonly tuf: string },
): Promise<Settle> {
  if (path === undefined) return async () => {};
  const earlier = recordAt(path);
  const wanted = [...objects, leaseIn(tuf)];
  const { here } = await lookedAt(access, wanted, { keys: false });
  const made = noted(earlier, wanted, here);
  await writeRecord(path, made);
  return async (applied) => {
    const isFresh = ({ outcome }: Applied) => outcome === 'created' || outcome === 'remade';
    const fresh = [...applied].filter(([, one]) => isFresh(one));
    await writeRecord(
      path,
      settled(made, new Map(fresh.map(([title, { object }]) => [title, object]))),
    );
  };
}
