import { describe, expect, it } from 'vitest';
import { endurance } from './endurance.ts';
import type { Block } from './judge.ts';

const block: Block = {
  ...{ title: 'Job a/b', reason: 'Unschedulable', says: 'no node takes its Pod: full' },
  ...{ kind: 'unavailable', hopeless: false, todo: 'give it a node' },
};

describe('what a bring-up bears with', () => {
  const heard = () => {
    const said: string[] = [];
    const waiting = (title: string, says: string) => void said.push(`${title}: ${says}`);
    const refuse = endurance({ waiting }, 60_000);
    return { said, refuse };
  };

  it('is told once, whatever its words, and ends it after a minute', () => {
    const { said, refuse } = heard();
    refuse([block], 0);
    refuse([{ ...block, says: 'no node takes its Pod: fuller' }], 60_000);
    expect(said).toEqual(['Job a/b: no node takes its Pod: full']);
    expect(() => refuse([block], 60_001)).toThrow('Job a/b: no node takes its Pod: full');
  });

  it('has another minute when it was gone meanwhile', () => {
    const { said, refuse } = heard();
    refuse([block], 0);
    refuse([], 59_000);
    refuse([block], 61_000);
    refuse([block], 121_000);
    expect(said).toHaveLength(1);
    expect(() => refuse([block], 121_001)).toThrow();
  });

  it('has no time at all where waiting is of no use', () => {
    const { said, refuse } = heard();
    expect(() => refuse([{ ...block, hopeless: true, kind: 'data' }], 0)).toThrow(
      expect.objectContaining({ failure: 'data', hint: 'give it a node' }),
    );
    expect(said).toEqual([]);
  });
});
