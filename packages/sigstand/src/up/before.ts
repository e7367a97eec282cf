import { type Access, ask, metadataListOnly } from '@sigstand/store/api';
import type { Kind, Kinds } from './kinds.ts';
import { type KubeObject, part, titleOf } from './objects.ts';
import { refused } from './refused.ts';

/** The objects of these kinds that have the stack's label, by their titles: metadata alone, of every namespace. */
export async function labelledObjects(
  access: Access,
  kinds: Kinds,
  wanted: readonly Kind[],
): Promise<ReadonlyMap<string, KubeObject>> {
  const each = new Map(wanted.map((one) => [`${one.apiVersion} ${one.kind}`, one]));
  const query = { labelSelector: `${part.label}=${part.value}` };
  const lists = await Promise.all(
    [...each.values()].map(async ({ apiVersion, kind }) => {
      const path = kinds.all({ apiVersion, kind });
      const question = { method: 'GET', path, query, accept: metadataListOnly } as const;
      const found = await ask(access, question).catch((error: unknown) => {
        throw refused('list', `all ${path.at(-1)}`, error);
      });
      // An empty list may have null here.
      const { items } = found as { items?: readonly KubeObject[] | null };
      return (items ?? []).map((one) => ({ ...one, apiVersion, kind }));
    }),
  );
  return new Map(lists.flat().map((one) => [titleOf(one), one]));
}
