import { inFile, type Mutant } from '../mutant.ts';

const ending = ['packages/job/src/ending.test.ts'];
const main = ['packages/job/src/main.test.ts'];
const values = ['packages/job/src/values.test.ts'];
const pair = ['packages/createsecret/src/job.test.ts', 'packages/createcerts/src/job.test.ts'];
const flags = ['packages/createtree/src/job.test.ts', ...main];

export const job: readonly Mutant[] = [
  ...inFile(
    'packages/job/src/errors.ts',
    ['test/exit-status.test.ts', 'packages/job/src/main.test.ts'],
    [
      [
        'contradiction: 78,',
        'contradiction: 75,',
        'a Job retries for an hour what a person must decide',
      ],
      ['data: 65,', 'data: 75,', 'a Job retries an input that is wrong'],
      ['unavailable: 69,', 'unavailable: 65,', 'a late input fails the Job for good'],
      ['bug: 70,', 'bug: 75,', 'a defect is retried and never reported'],
    ],
  ),
  ...inFile(
    'packages/job/src/errors.ts',
    [...ending, ...main],
    [
      [
        "CONFLICT: { failure: 'tryAgain'",
        "CONFLICT: { failure: 'data'",
        'a lost race fails the Job for good',
      ],
      [
        "IMMUTABLE: { failure: 'contradiction'",
        "IMMUTABLE: { failure: 'tryAgain'",
        'a Job retries against a Secret that can never change',
      ],
      [
        "TERMINATING: { failure: 'data'",
        "TERMINATING: { failure: 'tryAgain'",
        'a Job retries in a namespace that goes away',
      ],
      [
        'this.hint = options.hint || next[failure];',
        'this.hint = next[failure];',
        'every error loses what to do about it',
      ],
      ['hint: error.hint ?? hint', 'hint', 'who lacks a right is not told which'],
      [
        '`unforeseen ${kind}`',
        '`unforeseen ${String(error)}`',
        'a foreign error’s message, which may quote a key, goes to the log',
      ],
    ],
  ),
  ...inFile('packages/job/src/log.ts', ending, [
    [
      'const line = shortened(oneLine(message), mostBytes);',
      'const line = shortened(message, mostBytes);',
      'a stranger’s text forges lines of the log',
    ],
    ['${shortened(what, 900)}', '${what}', 'the hint is cut off what Kubernetes keeps'],
    [
      'const mostBytes = 1_400;',
      'const mostBytes = 14_000;',
      'the last line is not whole in the Pod’s status',
    ],
  ]),
  ...inFile(
    'packages/job/src/usage.ts',
    [...main, 'packages/createsecret/src/job.test.ts'],
    [
      [
        'return `${option} has a value that is invalid: ${reason}`;',
        'return plain;',
        'a password that went to the wrong flag is repeated in the log',
      ],
      [
        "return `unknown option${flag ? ` '${flag}'` : ''} ${suggestion}`.trimEnd();",
        'return plain;',
        'a mistyped --pasword=x puts the password into the log',
      ],
    ],
  ),
  ...inFile('packages/job/src/usage.ts', main, [
    [
      'const longest = 4_096;',
      'const longest = 4_096_000;',
      'an argument of megabytes is searched',
    ],
  ]),
  ...inFile('packages/job/src/values.ts', values, [
    ['if (length < 60_000)', 'if (length < 0)', 'a certificate is made that is over at once'],
    [
      'length > 1_000 * milliseconds.y',
      'length > 100_000 * milliseconds.y',
      'a date is made that X.509 cannot write',
    ],
    [
      'value < least || value > most',
      'value < least || value > most + 1',
      'eleven intermediates are made, which clients refuse',
    ],
    ['url.username || url.password || ', '', 'a URL with a password is published to every client'],
    ['port <= 65_535', 'port <= 65_536', 'a port that is none is taken and never answers'],
    ['text.length > 63', 'text.length > 253', 'a namespace is asked for that cannot be'],
    [
      "return issuerUrl(text).replace(/\\/+$/, '');",
      'return issuerUrl(text);',
      'clients ask https://x//api',
    ],
    ['if (rest.length > 0) throw', 'if (rest.length > 1) throw', 'a/b/c is read as the Secret a/b'],
    ['m: 60_000,', 'm: 3_600_000,', 'a timeout of 5m waits five hours'],
  ]),
  ...inFile('packages/job/src/values.ts', values, [
    ['[A-Za-z0-9_]{0,31}', "[A-Za-z0-9_'`;-]{0,31}", 'a database’s name breaks out of the SQL'],
  ]),
  ...inFile('packages/job/src/wait.ts', main, [
    [
      'keys.filter((key) => !data?.[key]?.length)',
      'keys.filter((key) => !data?.[key])',
      'a Job goes on with an empty input',
    ],
    [
      'if (performance.now() - told < reminder) return;',
      '',
      'the log is flooded while a Job waits',
    ],
  ]),
  ...inFile('packages/job/src/whole.ts', pair, [
    [
      "if (present.length === keys.length) return 'all';",
      "if (present.length > 0) return 'all';",
      'half a Secret passes for a whole one',
    ],
    [
      'if (present.length === 0) {',
      'if (present.length < keys.length) {',
      'a new key is made beside half of one that is in use',
    ],
  ]),
  ...inFile('packages/job/src/pair.ts', pair, [
    [
      'if (!pair.publishedFirst) throw orphaned(pair);',
      '',
      'after a lost Secret a second key is made beside the published one',
    ],
    [
      'if (found === wanted) return;',
      'return;',
      'a public key that is not the private one’s stays published',
    ],
    [
      'return change && { ...change, ...date };',
      'return change;',
      'clients learn no date of the key, and trust it from the wrong day on',
    ],
    [
      'const time = dated && annotations[dated.note];',
      'const time = dated?.time;',
      'the public record tells the date of a run, not of the key',
    ],
    [
      'if (show(secret) !== show(published)) return;',
      'return;',
      'the private key is written into the public Secret',
    ],
  ]),
  ...inFile(
    'packages/job/src/immutable.ts',
    ['test/immutable.test.ts'],
    [
      [
        'if (change === undefined && current !== undefined) check(current.data);',
        '',
        'a mistake in a Secret is made immutable',
      ],
      ['return { ...change, immutable: true };', 'return change;', '--immutable does nothing'],
    ],
  ),
  ...inFile('packages/job/src/command.ts', flags, [
    [
      "match[1]?.replaceAll('_', '-')",
      "match[1]?.replace('_', '-')",
      'a flag in upstream’s way is unknown',
    ],
    [
      "text.startsWith('dir:') && text.length > 4",
      "text.startsWith('dir:')",
      '--store=dir: writes keys to where it runs',
    ],
  ]),
  ...inFile(
    'packages/job/src/file.ts',
    ['packages/job/src/file.test.ts'],
    [
      ['file.isFile() && file.size <= most', 'file.size <= most', 'a device is read for ever'],
      [
        'file.isFile() && file.size <= most',
        'file.isFile()',
        'a file of gigabytes is read into memory',
      ],
    ],
  ),
];
