import { describe, expect, it } from 'vitest';
import { figureOf, inTurn } from './pairs.ts';

describe('pairs in turn', () => {
  it('begin with the other side every second time', async () => {
    const order: string[] = [];
    const side = (name: string) => async (pair: number) => void order.push(`${name} ${pair}`);
    await inTurn(3, side('ours'), side('peer'));
    expect(order).toEqual(['ours 0', 'peer 0', 'peer 1', 'ours 1', 'ours 2', 'peer 2']);
  });

  it('become a figure of ours alone where there is no peer', async () => {
    const pairs = await inTurn(2, async (pair) => ({ cpu: pair + 1 }));
    const about = { id: 'B5', title: 'CPU', unit: 'ms' };
    expect(figureOf(pairs, ({ cpu }) => cpu, about)).toEqual({ ...about, ours: [1, 2] });
  });
});
