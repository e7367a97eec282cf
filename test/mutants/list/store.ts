import { inFile, type Mutant } from '../mutant.ts';

const [change, bodies, cluster, patient, quote, refusal, directory] = [
  'change',
  'bodies',
  'cluster',
  'patient',
  'quote',
  'refusal',
  'directory',
].map((name) => `packages/store/src/${name}.ts`) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const suite = ['packages/store/src/converge.test.ts', 'packages/store/src/memory.test.ts'];
const files = ['packages/store/src/directory.test.ts'];
const overHttp = ['packages/store/src/cluster.test.ts'];

export const store: readonly Mutant[] = [
  ...inFile(change, suite, [
    [
      '(!change.immutable || current.immutable)',
      'true',
      'a Secret that should be immutable is reported as such while it is not',
    ],
    [
      'immutable: current?.immutable || change.immutable === true,',
      'immutable: change.immutable === true,',
      'an immutable record becomes mutable by the next write',
    ],
    [
      'annotations: { ...current?.annotations, ...change.annotations },',
      'annotations: { ...change.annotations },',
      'the date of a key and the intent of a tree are lost by the next write',
    ],
    ['if (keys.length === 0) return;', 'return;', 'an immutable key is replaced'],
    [
      '...remove.filter((key) => !(key in data) && key in current.data)',
      '...remove.filter((key) => !(key in data) && !(key in current.data))',
      'a key is taken out of an immutable record',
    ],
  ]),
  ...inFile('packages/store/src/converge.ts', suite, [
    [
      'const attempts = 10;',
      'const attempts = 1;',
      'a Job fails as soon as anything else writes at the same time',
    ],
    [
      "error.code !== 'CONFLICT') throw error;",
      "error.code === 'CONFLICT') throw error;",
      'a conflict ends the Job instead of a second look',
    ],
    [
      "throw new StoreError('UNEXPECTED', `${show(ref)} was wanted empty`);",
      "return { data: {}, annotations: {}, immutable: false, version: '' };",
      'a Job goes on with a record that is not there',
    ],
  ]),
  ...inFile('packages/store/src/memory.ts', suite, [
    [
      'if (current?.version !== replacing?.version) {',
      'if (false) {',
      'every test of races runs on a store that loses writes',
    ],
  ]),
  ...inFile(directory, files, [
    ['{ mode: secret ? 0o600 : 0o644 }', '{ mode: 0o644 }', 'everybody on the machine reads keys'],
    ['mode: secret ? 0o700 : 0o755', 'mode: 0o755', 'everybody on the machine lists Secrets'],
    [
      "throw isCode(error, 'ENOTEMPTY', 'EEXIST') ? taken(ref) : error;",
      'throw error;',
      'two Jobs at once on a directory fail, where one should read again',
    ],
    [
      'await rm(draft, { recursive: true, force: true });',
      '',
      'a private key that lost a race stays in the directory',
    ],
  ]),
  ...inFile(
    patient,
    ['packages/store/src/patient.test.ts'],
    [
      ['(limits[code] ?? 0)', '(limits[code] ?? 60_000)', 'what will not pass is waited for'],
      [
        'if (!since.has(code)) onWait(error);',
        'onWait(error);',
        'the log is flooded while it waits',
      ],
    ],
  ),
  ...inFile(
    quote,
    ['packages/store/src/quote.test.ts'],
    [
      ['const window = 12;', 'const window = 64;', 'half a password is quoted in the log'],
      [
        "return [raw, raw.replaceAll(/\\s/g, ''), ...encoded];",
        "return [raw, raw.replaceAll(/\\s/g, '')];",
        'a webhook that quotes a Secret in base64 puts the key into the log',
      ],
    ],
  ),
  ...inFile(
    refusal,
    ['packages/store/src/refusal.test.ts', ...overHttp],
    [
      [
        'if (http === 429 || http >= 500)',
        'if (http >= 500)',
        'a busy API server that answers 429 ends the Job',
      ],
      [
        'return quotes(said, { ref, sent }) ? untold(http) : said;',
        'return said;',
        'a policy that quotes the Secret puts the private key into the log',
      ],
      [
        "return code === 'IMMUTABLE' ? howToThaw(failed.ref) : undefined;",
        'return undefined;',
        'of an immutable Secret nobody is told how it changes without a loss',
      ],
      [
        "if (denial.test(message)) return 'REFUSED';",
        '',
        'what a policy denies by 404 is taken as a record that is not there',
      ],
    ],
  ),
  ...inFile(bodies, overHttp, [
    [
      'resourceVersion: replacing.version,',
      '',
      'a merge patch overwrites what somebody else wrote in between',
    ],
    ['[key, null]', "[key, '']", 'a key that was to go stays, empty'],
    ['...(immutable && { immutable }),', '', '--immutable makes nothing immutable'],
    [
      "labels: { 'app.kubernetes.io/part-of': 'sigstand' },",
      '',
      'nobody can tell which Secrets the stack made',
    ],
  ]),
  ...inFile(cluster, overHttp, [
    [
      '`sigstand-${job}-${randomUUID().slice(0, 8)}`',
      '`sigstand-${job}`',
      'two Pods of one Job silently overwrite each other’s key',
    ],
    [
      'const sent = { ...replacing?.data, ...change.data };',
      'const sent = { ...change.data };',
      'a webhook that quotes what was stored before puts it into the log',
    ],
    [
      'throw replacing\n          ?',
      'throw !replacing\n          ?',
      'a missing namespace is not waited for',
    ],
    [
      "kind === 'Secret' ? 'base64' : 'utf8');",
      "'utf8');",
      'every key is read as garbage and refused',
    ],
  ]),
  ...inFile(
    'packages/store/src/pod.ts',
    ['test/pod.test.ts'],
    [
      [
        'new Agent({ keepAlive: true })',
        'new Agent({ keepAlive: true, rejectUnauthorized: false })',
        'whoever answers in the API server’s place gets the token and the keys',
      ],
      ['isIPv6(host) ? `[${host}]` : host', 'host', 'no Job runs on a cluster with IPv6'],
      ['return { agent, ca, headers:', 'return { agent, headers:', 'no Job trusts its API server'],
      [
        "KUBERNETES_SERVICE_PORT: port = '443',",
        "KUBERNETES_SERVICE_PORT: port = '6443',",
        'a Pod without the variables of services asks where nobody answers',
      ],
      ['Bearer ${token}`', 'Basic ${token}`', 'no API server knows the Job'],
      [
        "new StoreError('UNAUTHENTICATED', `the Pod's",
        "new StoreError('UNAVAILABLE', `the Pod's",
        'a Job without a token tries again for an hour',
      ],
      [
        "      const [ca, token] = await Promise.all([read(folder, 'ca.crt'), read(folder, 'token')]);",
        "      globalThis.kept ??= await Promise.all([read(folder, 'ca.crt'), read(folder, 'token')]);\n      const [ca, token] = globalThis.kept;",
        'after an hour the API server does not know the Job any more',
      ],
      [
        "if (text !== '') return text;",
        'return text;',
        'an empty token is shown, and the refusal tells nothing of it',
      ],
    ],
  ),
  ...inFile(
    'packages/store/src/api.ts',
    ['test/pod.test.ts'],
    [
      [
        'const timeout = 10_000;',
        'const timeout = 10_000_000;',
        'a silent API server holds the Job for hours',
      ],
    ],
  ),
  ...inFile('packages/store/src/api.ts', overHttp, [
    ['if (status === 401) access.forget();', '', 'a token that was renewed is never read again'],
    [
      'path.map(encodeURIComponent)',
      'path',
      'a name with a slash reaches another object of the API',
    ],
  ]),
];
