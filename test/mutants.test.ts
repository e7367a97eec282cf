import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobNames } from '@sigstand/contracts/contract';
import { describe, expect, it } from 'vitest';
import { type FileReport, judge } from './mutants/judge.ts';
import { mutants } from './mutants/list.ts';
import { Memory } from './mutants/memory.ts';
import { listedIn, mutated, occurrences } from './mutants/mutant.ts';

const root = join(import.meta.dirname, '..');
const unit = /^(packages\/[a-z]+\/src\/.+|test\/[a-z-]+)\.test\.ts$/;

describe('the list of mutants', () => {
  it('fits the tree: each text that it replaces is there, once in its file', () => {
    const texts = new Map<string, string>();
    const stale = mutants.flatMap(({ file, from }) => {
      if (!texts.has(file))
        texts.set(file, existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '');
      const count = occurrences(texts.get(file) ?? '', from);
      return count === 1 ? [] : [`${file} has ${count} times: ${from}`];
    });
    expect(stale).toEqual([]);
  });

  it('changes something, says what that would do to a user, and names tests that are there', () => {
    for (const { file, from, to, hurts, killers } of mutants) {
      expect({ file, from, changes: from !== to, told: hurts.length > 10 }).toEqual({
        ...{ file, from },
        ...{ changes: true, told: true },
      });
      expect(killers.length).toBeGreaterThan(0);
      expect(killers.filter((test) => !unit.test(test) || !existsSync(join(root, test)))).toEqual(
        [],
      );
    }
    const changes = mutants.map(({ file, from, to }) => [file, from, to].join('\n'));
    expect(changes.filter((change, index) => changes.indexOf(change) !== index)).toEqual([]);
  });

  it('reaches every Job, what they share, the manifests, the scripts and the rig', () => {
    const places = [
      ...jobNames.map((job) => `packages/${job}/`),
      ...['packages/store/', 'packages/job/', 'packages/pki/'],
      ...['manifests/', 'scripts/', 'test/rig/'],
    ];
    const few = places.filter(
      (place) => mutants.filter(({ file }) => file.startsWith(place)).length < 8,
    );
    expect(few).toEqual([]);
    expect(mutants.length).toBeGreaterThanOrEqual(100);
  });
});

describe('a list', () => {
  const head = 'file a.ts\ntest x.test.ts\ntest y/{b,c}.test.ts\n';

  it('says in blocks which file changes, what goes and comes, and who should notice', () => {
    const text = `${head}\nno more\n-  one\n-two\n\nanother\n kept\n-  a\n+b\n+c\n\nfile d.ts\ntest z.test.ts\n\nless\n-e\n+\n`;
    const killers = ['x.test.ts', 'y/b.test.ts', 'y/c.test.ts'];
    expect(listedIn(text, 'name')).toEqual([
      { file: 'a.ts', killers, hurts: 'no more', from: '  one\ntwo', to: '' },
      { file: 'a.ts', killers, hurts: 'another', from: 'kept\n  a', to: 'kept\nb\nc' },
      { file: 'd.ts', killers: ['z.test.ts'], hurts: 'less', from: 'e', to: '' },
    ]);
  });

  it.each([
    ['a change without lines', `${head}\nno more\n`, 'name: no change'],
    ['a line without its sign', `${head}\nno more\n-one\ntwo\n`, 'name: no change: two'],
    ['a test without its word', 'file a.ts\nx.test.ts\n', 'name: no test: x.test.ts'],
  ])('is refused with %s', (_what, text, why) => {
    expect(() => listedIn(text, 'name')).toThrow(why);
  });
});

describe('a change', () => {
  const mutant = { file: 'f', from: '$1', to: '$&', hurts: '', killers: [] };

  it('is made as it is written', () => {
    expect(mutated('a $1 b', mutant)).toBe('a $& b');
  });

  it.each(['a', '$1 $1'])('is refused where its place is not there once: %s', (text) => {
    expect(() => mutated(text, mutant)).toThrow('stale: f has');
  });
});

describe('the memory of who noticed', () => {
  const mutant = { file: 'f', from: 'a', to: 'b', hurts: '', killers: ['x.test.ts'] };
  const killer = { file: 'x.test.ts', test: 'x > it works' };

  it('lasts from run to run, and knows only tests that are listed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigstand-memory-'));
    try {
      const path = join(folder, 'more/mutants.json');
      expect(new Memory(path).of(mutant)).toBeUndefined();
      new Memory(path).note(mutant, killer);
      const memory = new Memory(path);
      expect(memory.of(mutant)).toEqual(killer);
      expect(memory.of({ ...mutant, to: 'c' })).toBeUndefined();
      expect(memory.of({ ...mutant, killers: ['y.test.ts'] })).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the verdict on a change', () => {
  const file = 'test/a.test.ts';
  const report = (passed: number, ...names: string[]): FileReport => ({
    file,
    passed,
    told: names.map((name) => ({ where: 'it works', isTest: true, name, message: 'no' })),
  });
  const around = (name: string): FileReport => ({
    ...report(0),
    told: [{ where: file, isTest: false, name, message: 'no' }],
  });

  it.each([
    ['a test’s assertion failed', report(1, 'AssertionError')],
    ['an assertion failed, and another test crashed', report(0, 'TypeError', 'AssertionError')],
    ['the program refused what it should take', report(3, 'StoreError')],
    ['an assertion in a hook failed', around('AssertionError')],
    [
      'a refusal did not come',
      {
        ...report(0),
        told: [
          { where: 'it', isTest: true, name: 'Error', message: 'promise resolved "x" instead' },
        ],
      },
    ],
  ])('is killed where %s', (_what, said) => {
    expect(judge(said).outcome).toBe('failed');
    expect(judge(said).why).toMatch(/^test\/a\.test\.ts: /);
  });

  it('is survived where every test passed', () => {
    expect(judge(report(1))).toEqual({ outcome: 'passed', why: '' });
  });

  it.each([
    ['the run did not end', undefined],
    ['a test crashed', report(4, 'ReferenceError')],
    ['a test did not end', report(4, 'TestTimeoutError')],
    ['a program could not be started', report(4, 'Error')],
    ['no test passed, and none failed', report(0)],
    ['the file could not be parsed', around('SyntaxError')],
    ['the file could not be loaded', around('JobError')],
  ])('is no kill where %s', (_what, said) => {
    expect(judge(said).outcome).toBe('broken');
  });
});
