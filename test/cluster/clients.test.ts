import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { figure } from '../faults/profile.ts';
import { describeBeginning } from './clients/beginning.ts';
import { openBoard } from './clients/board.ts';
import { type Field, openField } from './clients/field.ts';
import { describeRefresh } from './clients/refresh.ts';
import { describeReplacements } from './clients/replacements.ts';
import { describeVariants } from './clients/variants.ts';
import { rig } from './rig.ts';

// Each client from its own ordinary distribution, initialised once, against the repository that the stack serves.
const instance = 'clients';
const board = openBoard();
let field: Field | undefined;
const of = () => field as Field;

beforeAll(async () => {
  field = await openField(instance);
});

afterAll(async () => {
  // Also where the bring-up failed half-way.
  await field?.close();
  await rig(instance).must(['down']);
});

describe('clients begin', () => describeBeginning(of, board));
describe('a refresh', () => describeRefresh(of, board));
describe('replacements', () => describeReplacements(of, board));
describe('other stacks', () => describeVariants(of, board));

describe('all of it', () => {
  it('has been passed by every client', () => {
    const { passed, total, text } = board.score();
    figure(`clients: ${passed} of ${total} checks passed (${text})`);
    expect(passed).toBe(total);
  });
});
