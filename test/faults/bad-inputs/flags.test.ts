import { fulcioPublicKey } from '@sigstand/contracts/records';
import type { Job } from '@sigstand/job/main';
import { openssl } from '@sigstand/pki/testing';
import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs.ts';
import { expectRefused, expectWarned, tried } from './refused.ts';

const job = (name: string): (() => Job) => jobs[name]!;
const long = (length: number) => 'x'.repeat(length);
const secret = 'hunter2-hunter2';

/** What is wrong, by row: the Job, its arguments, and what the one line must say. */
const usage: Readonly<
  Record<string, readonly (readonly [string, readonly string[], ...(string | RegExp)[]])[]>
> = {
  'row 23: texts of a tree': [
    ['createtree', [`--display-name=${long(21)}`], '--display-name has more than 20 characters'],
    [
      'createtree',
      [`--display-name=${'🌲'.repeat(21)}`],
      '--display-name has more than 20 characters',
    ],
    ['createtree', [`--description=${long(173)}`], '--description has more than 172 characters'],
    [
      'createtree',
      [`--description=${'é'.repeat(201)}`],
      '--description has more than 172 characters',
    ],
    ['createtree', ['--display-name=a\nb'], '--display-name has unprintable characters'],
  ],
  'row 24: kinds and states of a tree': [
    ['createtree', ['--tree-type=MAP'], '--tree-type', 'Allowed choices are LOG, PREORDERED_LOG'],
    ['createtree', ['--tree-type=log'], '--tree-type', 'Allowed choices'],
    ['createtree', ['--tree-type=UNKNOWN_TREE_TYPE'], '--tree-type', 'Allowed choices'],
    ['createtree', ['--tree-state=FROZEN'], '--tree-state', 'Allowed choices are ACTIVE'],
    ['createtree', ['--tree-state=active'], '--tree-state', 'Allowed choices'],
  ],
  'row 25: where a log is served': [
    '',
    '/',
    '/x',
    'x/',
    'a//b',
    '..',
    '../x',
    'a/../b',
    'a b',
    'a\nb',
    'a"b',
    long(101),
    long(300),
  ].map(
    (prefix) =>
      ['createctconfig', [`--log-prefix=${prefix}`], '--log-prefix', 'Write 1 to 100'] as const,
  ),
  'row 26: a service’s address': [
    ...[
      'fulcio',
      'ftp://fulcio',
      `http://user:${secret}@fulcio`,
      `user:${secret}@fulcio`,
      'http://',
      '//fulcio',
      'http://a?b',
      'http://a?',
      'http://a#',
      'http://a\n.b',
      '',
    ].map((url) => ['createctconfig', [`--fulcio-url=${url}`], '--fulcio-url'] as const),
    ...[
      '--fulcio-url',
      '--rekor-url',
      '--ctlog-url',
      '--tsa-url',
      '--oidc-issuer',
      '--mirror-url',
    ].map(
      (flag) =>
        ['createtuf', [`${flag}=https://user:${secret}@service`], flag, 'Credentials'] as const,
    ),
    [
      'createtree',
      [`--admin-server=http://user:${secret}@trillian`],
      '--admin-server',
      'HOST:PORT',
    ],
    ['createctconfig', ['--trillian-server=trillian:65536'], '--trillian-server', 'HOST:PORT'],
  ],
  'row 27: kinds of keys': [
    ['createctconfig', ['--keytype=dsa'], '--keytype', 'Allowed choices are ecdsa, rsa'],
    ['createctconfig', ['--curvetype=p224'], '--curvetype', 'Allowed choices'],
    ['createctconfig', ['--keytype=rsa', '--curvetype=p256'], '--curvetype is for --keytype=ecdsa'],
    ['createctconfig', ['--private-secret=x', '--keytype=rsa'], '--private-secret', '--keytype'],
    ['createsecret', ['--key-type=rsa'], '--key-type', 'Allowed choices'],
    ['createcerts', ['--curve-type=p521'], '--curve-type', 'Allowed choices are p256, p384'],
    ['createcertchain', ['--key-type=ed25519'], '--key-type', 'Allowed choices'],
  ],
  'row 28: names that go into SQL': [
    '',
    'a`b',
    "a'b",
    'a"b',
    '../x',
    'a-b',
    '1a',
    'a b',
    'é',
    long(65),
  ].flatMap((text) =>
    ['--database', '--user'].map(
      (flag) =>
        [
          'createsecret',
          ['--password-secret=x', `${flag}=${text}`],
          flag,
          'Write a letter',
        ] as const,
    ),
  ),
  'row 29: names of objects': [
    ...Object.entries({
      copysecrets: ['--fulcio-secret', '--ctlog-secret', '--rekor-secret', '--tsa-secret'],
      createctconfig: ['--fulcio-secret'],
    }).flatMap(([name, flags]) =>
      flags.flatMap((flag) =>
        [
          'ns/A',
          'ns/a_b',
          'Ns/a',
          'n.s/a',
          `ns/${long(254)}`,
          `${long(64)}/a`,
          'a',
          'a/b/c',
          '/a',
        ].map((text) => [name, [`${flag}=${text}`], flag] as const),
      ),
    ),
    ...Object.entries({
      createtree: ['--configmap'],
      createsecret: ['--secret', '--signing-secret', '--password-secret'],
      createcerts: ['--secret', '--pubkeysecret'],
      createcertchain: ['--secret'],
      createctconfig: ['--secret', '--pubkeysecret', '--configmap', '--private-secret'],
      createtuf: [
        '--fulcio-secret',
        '--ctlog-secret',
        '--rekor-secret',
        '--tsa-secret',
        '--keyssecret',
        '--configmap',
        '--rootsecret',
      ],
    }).flatMap(([name, flags]) =>
      flags.flatMap((flag) =>
        ['', 'A', 'a_b', '-a', 'a.', 'a/b', '../a', long(254)].map(
          (text) => [name, [`${flag}=${text}`], flag] as const,
        ),
      ),
    ),
    ['createsecret', ['--password-secret=x', '--copy-to=a.b'], '--copy-to'],
    ...['-a', 'A', 'a_b', 'a/', long(191)].flatMap((text) => [
      ['copysecrets', [`--copy-prefix=${text}`], '--copy-prefix'] as const,
      ['createcerts', [`--tuf-namespace=ns/${text}`], '--tuf-namespace'] as const,
    ]),
  ],
  'row 30: the namespace': Object.keys(jobs).flatMap((name) =>
    ['', 'A', 'a.b', 'a_b', '../a', long(64)].map(
      (text) => [name, [`--namespace=${text}`], '--namespace'] as const,
    ),
  ),
  'row 31: flags that are not known, and what is no flag': Object.keys(jobs).flatMap((name) => [
    [name, [`--pasword=${secret}`], "unknown option '--pasword'"] as const,
    [name, ['--pasword', secret], "unknown option '--pasword'"] as const,
    [name, [`--${secret.toUpperCase()}`], 'unknown option'] as const,
    [name, [secret], 'too many arguments'] as const,
    [name, ['--', secret], 'too many arguments'] as const,
    [name, ['--namespace'], '--namespace', 'argument missing'] as const,
    [name, ['--timeout=maybe'], '--timeout', 'Write a duration'] as const,
    [
      name,
      [`--timeout=${'1'.repeat(100_000)}`],
      'the value of --timeout has 100010 characters',
    ] as const,
    [name, ['--log-format=xml'], '--log-format', 'Allowed choices'] as const,
    [name, [`--store=${secret}`], '--store', 'Write kubernetes or dir:PATH'] as const,
  ]),
  'row 31: switches': [
    ['createtree', ['--force=maybe'], '--force', 'Write true or false'],
    ['copysecrets', ['--replace=1'], '--replace', 'Write true or false'],
  ],
  'row 32: a certificate’s subject': [
    ...[
      '--cert-common-name',
      '--cert-organization',
      '--cert-province',
      '--cert-locality',
      '--cert-address',
      '--cert-postal',
    ].flatMap((flag) =>
      [long(300), 'a\u0000b', 'a\nb', '  '].map(
        (text) => ['createcerts', [`${flag}=${text}`], flag, /Write 1 to \d+ printable/] as const,
      ),
    ),
    ['createcerts', ['--cert-country=D'], '--cert-country', 'two letters'],
    ['createcerts', ['--cert-country=D\u0000'], '--cert-country', 'two letters'],
    ['createcerts', ['--cert-country=EURO'], '--cert-country', 'two letters'],
    ['createcerts', ['--cert-common-name=', '--cert-organization='], 'would have no name'],
    ['createcertchain', ['--cert-common-name='], '--cert-common-name', 'Write 1 to 48'],
    [
      'createcertchain',
      [`--cert-organization=${long(300)}`],
      '--cert-organization',
      'Write 1 to 64',
    ],
  ],
  'row 33: how long something is valid': [
    '0s',
    '0',
    '-1h',
    '',
    '59s',
    '1001y',
    '8000y',
    '1e9h',
    '9'.repeat(39),
    `${'9'.repeat(50)}y`,
  ].flatMap((text) => [
    ['createcerts', [`--lifetime=${text}`], '--lifetime'] as const,
    ['createcertchain', [`--lifetime=${text}`], '--lifetime'] as const,
    ...['root', 'targets', 'snapshot', 'timestamp'].map(
      (role) => ['createtuf', [`--${role}-expiry=${text}`], `--${role}-expiry`] as const,
    ),
  ]),
  'rows 10 and 33: how many and how old': [
    ['createcertchain', ['--intermediates=11'], '--intermediates', 'from 0 to 10'],
    ['createcertchain', ['--intermediates=-1'], '--intermediates', 'from 0 to 10'],
    ['createtree', ['--max-root-duration=300y'], '--max-root-duration is more than 290y'],
  ],
};

describe.each(Object.entries(usage))('%s', (_row, cases) => {
  it.each(
    cases.map(
      (one) => [`${one[0]} ${one[1].join(' ').slice(0, 60).replaceAll('%', '')}`, one] as const,
    ),
  )('is refused by the flag’s name: %s', (_name, [name, args, ...says]) =>
    expectRefused(
      { job: job(name), args },
      { status: 64, says, hidden: [secret, secret.toUpperCase()] },
    ),
  );
});

describe('row 30: the namespace in the environment', () => {
  it.each(Object.keys(jobs))('is refused by its variable’s name: %s', (name) =>
    expectRefused(
      { job: job(name), env: { NAMESPACE: 'Not_A_Namespace' } },
      { status: 64, says: ['--namespace', 'env NAMESPACE'], hidden: ['Not_A'] },
    ),
  );
});

describe('rows 31 and 32: what is taken', () => {
  it('is a flag in Go’s way and in GNU’s, and of a flag that comes twice the last, as in Go', async () => {
    const args = [
      '-cert_common_name=first',
      '--cert-common-name=second',
      '--cert-organization',
      '',
    ];
    const { status, store } = await tried({ job: job('createcerts'), args });
    expect(status).toBe(0);
    const { cert } = (await store.read(fulcioPublicKey))!.data;
    expect(openssl(['x509', '-noout', '-subject'], cert).toString()).toContain('CN = second');
  });

  it('is not a flag that comes twice and is wrong the first time', () =>
    expectRefused(
      { job: job('createcerts'), args: ['--lifetime=never', '--lifetime=1y'] },
      { status: 64, says: ['--lifetime'] },
    ));

  it('is a country of three letters, which upstream has as its default, with a warning', async () => {
    await expectWarned({ job: job('createcerts'), args: ['--cert-country=USA'] }, [
      '--cert-country has three letters',
    ]);
  });

  it('is a name in any script', async () => {
    expect(
      await tried({ job: job('createcerts'), args: ['--cert-organization=Ŝtelo 株式会社 🌲'] }),
    ).toMatchObject({ status: 0 });
  });
});
