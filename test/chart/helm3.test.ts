import { describe, expect, it } from 'vitest';
import { binary } from '../programs/binaries.ts';
import { objectsIn } from '../stack.ts';
import { reasonIn, refused } from './refused.ts';
import { objectsOf, rendered, type SetName, sets } from './sets.ts';

/* What npm test asks of Helm 4, of Helm 3. */

const helm3 = binary('helm3');

describe('Helm 3', () => {
  it.each(Object.keys(sets) as SetName[])(
    'makes the objects that Helm 4 makes, of %s',
    async (set) => {
      const { status, stdout, stderr } = await rendered(sets[set], helm3);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(objectsIn(stdout, set)).toEqual((await objectsOf(set)).objects);
    },
  );

  it.each(
    refused.map(([values, path, reason]) => ({
      title: JSON.stringify(values).slice(0, 90),
      values,
      path,
      reason,
    })),
  )('refuses $title', async ({ values, path, reason }) => {
    const { status, stdout, stderr } = await rendered(values, helm3);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(reasonIn(stderr, path) ?? `no line for ${path}: ${stderr}`).toMatch(reason);
  });
});
