import { tufRepository } from '@sigstand/contracts/records';
import { utf8 } from '@sigstand/pki/pem';
import type { Ref, Store } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { figure } from '../faults/profile.ts';
import { expectFollowed } from './followed.ts';
import { goTuf } from './go-tuf.ts';
import { bytesOf, type State, simulate, statesOf } from './history.ts';
import { faults } from './history-rules.ts';
import { snapshotOf } from './metadata.ts';

const days = 5;
const extra: Ref = { kind: 'ConfigMap', namespace: tufRepository.namespace, name: 'extra' };

/** A thousand files with as much metadata as content, of which one has the day in it. */
const given = (day: number) => async (store: Store) => {
  const names = Array.from({ length: 1000 }, (_, index) => `file-${index}.txt`);
  const files = names.flatMap((name) => [
    [name, utf8(`${name} `.repeat(10))],
    [`${name}.custom.json`, utf8(JSON.stringify({ about: 'x'.repeat(100) }))],
  ]);
  const data = { ...Object.fromEntries(files), 'file-0.txt': utf8(`day ${day}`) };
  await store.write(extra, { data }, await store.read(extra));
};

describe('a thousand files of the operator, of which one changes each day,', () => {
  let states: State[];
  beforeAll(async () => {
    const each = Array.from({ length: days }, (_, index) => index + 1);
    const events = Object.fromEntries(each.map((day) => [day, { write: given(day) }]));
    const args = [`--extra-targets=${extra.name}`];
    states = statesOf((await simulate({ days, args, events })).days);
  });

  it('fit into a ConfigMap, with fewer snapshots than usual, but the one before', () => {
    expect(states).toHaveLength(days);
    const sizes = states.map(({ files }) => bytesOf(files));
    const kept = states.map(({ files }) => snapshots(files).length);
    figure(`a thousand files: ${Math.max(...sizes)} bytes at most, ${kept.at(-1)} snapshots kept`);
    expect(kept.at(-1)).toBeLessThan(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
    for (const { files } of states.slice(1)) {
      expect(snapshots(files)).toContain(`${snapshotOf(files) - 1}.snapshot.json`);
    }
  });

  it('are in a repository that keeps the rules', () => {
    expect(faults(states)).toEqual([]);
  });

  it('are fetched by go-tuf, also in flight to the next day', async () => {
    const flights = [{ early: days - 2, late: days - 1 }];
    expectFollowed(await goTuf(states, flights), states, flights);
  });
});

function snapshots(files: State['files']): string[] {
  return Object.keys(files).filter((name) => name.endsWith('.snapshot.json'));
}
