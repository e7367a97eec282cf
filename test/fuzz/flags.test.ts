import { runJob } from '@sigstand/job/testing';
import * as values from '@sigstand/job/values';
import { memoryStore } from '@sigstand/store/memory';
import { type Store, StoreError } from '@sigstand/store/store';
import type { Option } from 'commander';
import fc from 'fast-check';
import { describe } from 'vitest';
import { jobs } from '../jobs.ts';
import { ended, survives, tellExecutions } from './executions.ts';
import { Secrets } from './secrets.ts';

tellExecutions();
const secret = 'Hunter2-Hunter2-Hunter2';
const secrets = new Secrets(secret);

/** A cluster that is away: all that a Job does before it reads is done, and nothing after. */
const away: Store = {
  ...memoryStore(),
  read: () => Promise.reject(new StoreError('UNAVAILABLE', 'get: away')),
  write: () => Promise.reject(new Error('nothing is written before something is read')),
};

const odd = [
  '',
  ' ',
  '-',
  '--',
  '=',
  '0',
  '-1',
  '1e9',
  '1h',
  '5m',
  '99999999999999999999y',
  'true',
  'maybe',
  'none',
  'a',
  'a/b',
  'a/b/c',
  'A',
  '../x',
  '/keys',
  'host:80',
  'host:0',
  '[::1]:80',
  'http://a',
  'https://a/b/',
  'ftp://a',
  `http://u:${secret}@a`,
  `u:${secret}@a`,
  'LOG',
  'log',
  'ACTIVE',
  'p256',
  'p999',
  'USA',
  'DE',
  'kubernetes',
  'dir:',
  'dir:/tmp/x',
  'json',
  '\u0000',
  '\n',
  'é'.repeat(30),
  '🌲'.repeat(21),
  'a.'.repeat(130),
  'a'.repeat(64),
  'a'.repeat(254),
  '1'.repeat(5_000),
  '/dev/zero',
  '/',
  '/etc/hostname',
  `-----BEGIN PRIVATE KEY-----\n${secret}\n`,
  secret,
];
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...odd) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...odd), fc.constantFrom(...odd))
      .map((two) => two.join('')),
  },
);

function argvOf(names: readonly string[]): fc.Arbitrary<string[]> {
  const flag = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...names) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '--pasword',
        '--x',
        '-x',
        '--',
        '---',
        '--help',
        '--version',
        '--__proto__',
        '--constructor',
      ),
    },
  );
  const written = fc.tuple(flag, value, fc.nat({ max: 9 })).map(([name, text, how]) => {
    if (how === 0) return [name];
    if (how === 1) return [name, text];
    if (how === 2)
      return [`${name.replace(/^--/, '-').replaceAll('-', '_').replace(/^_/, '-')}=${text}`];
    if (how === 3) return [text];
    return [`${name}=${text}`];
  });
  return fc.array(written, { maxLength: 5 }).map((all) => all.flat());
}

describe('whatever is on the command line,', () => {
  for (const [name, job] of Object.entries(jobs)) {
    const { options } = job().command as unknown as { options: readonly Option[] };
    const names = options.flatMap(({ long }) => (long ? [long] : []));
    survives(
      `${name} takes it or says what is wrong in a line`,
      { share: 1.5, secrets },
      argvOf(names),
      async (args) => {
        return ended(await runJob(job(), away, { args }));
      },
    );
  }

  const { InvalidArgumentError: _, ...readers } = {
    ...values,
    InvalidArgumentError: undefined,
  } as unknown as Record<string, (text: string) => unknown>;
  const parsers = [
    ...Object.entries(readers).filter(
      ([name]) => !['integer', 'nameText', 'optionally'].includes(name),
    ),
    ['integer', values.integer(0, 10)],
    ['nameText', values.nameText(64)],
  ] as [string, (text: string) => unknown][];
  for (const [name, parse] of parsers) {
    survives(`${name} reads it or refuses it`, { share: 1 }, value, parse);
  }
});
