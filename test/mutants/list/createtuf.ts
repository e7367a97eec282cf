import { inFile, type Mutant } from '../mutant.ts';

const tests = (...names: string[]) => names.map((name) => `packages/createtuf/src/${name}.test.ts`);
const later = tests('reconcile', 'publication');
const first = tests('job');
const root = tests('root');
const material = tests('material', 'split-chain');

export const createtuf: readonly Mutant[] = [
  ...inFile('packages/createtuf/src/schedule.ts', later, [
    [
      'return Date.parse(expires) - now.getTime() < renew;',
      'return Date.parse(expires) - now.getTime() < 0;',
      'metadata is signed anew only once it has expired',
    ],
    [
      '> lifetime + clockSkew;',
      '> lifetime + 100 * clockSkew;',
      'a clock that went back by hours signs for less long than before',
    ],
    [
      "'tryAgain',\n    `the",
      "'data',\n    `the",
      'a clock that is behind for a minute fails the Job for good',
    ],
  ]),
  ...inFile(
    'packages/createtuf/src/reconcile.ts',
    [...later, ...first],
    [
      [
        'const version = (before?.version ?? 0) + 1;',
        'const version = (before?.version ?? 0) + 2;',
        'clients find no next root',
      ],
      [
        "if (role === 'root') files['root.json'] = bytes;",
        '',
        'a mirror’s newest root is an old one',
      ],
      [
        'hashes: { sha256: sha256(bytes) },\n        unrecognized',
        'hashes: { sha256: sha256(bytes).toUpperCase() },\n        unrecognized',
        'clients do not find the targets',
      ],
      [
        'if (before && end < before.expires && !shorten) {',
        'if (false) {',
        'the newest version is the first to expire',
      ],
      ['changed || due.targets', 'due.targets', 'a key that changed reaches no client'],
      [
        'targetsNow !== targetsBefore || due.snapshot',
        'due.snapshot',
        'new targets reach no client',
      ],
      [
        'snapshotNow !== snapshotBefore || due.timestamp',
        'due.timestamp',
        'a new snapshot reaches no client',
      ],
      [
        'if (published) refuseOtherKeys(published, wanted.keys);',
        '',
        'a repository is signed by keys that clients do not trust',
      ],
      [
        'unrecognizedFields: custom ? { custom: { ...custom } as Json } : {},',
        'unrecognizedFields: {},',
        'older clients find no key',
      ],
    ],
  ),
  ...inFile(
    'packages/createtuf/src/metadata.ts',
    [...tests('metadata'), ...later],
    [
      [
        "toISOString().replace(/\\.\\d{3}Z$/, 'Z')",
        'toISOString()',
        'clients refuse a date with milliseconds',
      ],
      ['subarray(-32)', 'subarray(-33)', 'no client reads the keys'],
      [
        "keyid_hash_algorithms: ['sha256', 'sha512']",
        "keyid_hash_algorithms: ['sha256']",
        'older go-tuf knows no key by its id',
      ],
    ],
  ),
  ...inFile(
    'packages/createtuf/src/root.ts',
    [...root, ...first],
    [
      [
        'consistentSnapshot: true',
        'consistentSnapshot: false',
        'clients ask for files by names that are not there',
      ],
      [
        'roles: { ...roles, root: { ...roles.root, threshold } }',
        'roles',
        'one of three holders alone replaces the root',
      ],
      [
        'quorum(one, signers) < one.threshold',
        'quorum(one, signers) < one.threshold - 1',
        'a root is published that clients refuse',
      ],
      [
        '[before, next].some((one) => one && knows(one, key))',
        '[next].some((one) => one && knows(one, key))',
        'a new root is not signed by the old one, and no client follows',
      ],
      [
        'if (published && !(changes && insists)) return undefined;',
        'if (published) return undefined;',
        '--rotate-root does nothing, in silence',
      ],
      [
        'if (keyID && !rootKeyIds.has(keyID) && !rotated) throw',
        'if (false) throw',
        'a stranger’s root key is taken in silence',
      ],
      [
        'return a.threshold === b.threshold && ids(a) === ids(b);',
        'return ids(a) === ids(b);',
        'a lower threshold is never published',
      ],
      [
        'new Set(privateKeys.filter((key) => knows(trust, key)).map(idOf)).size',
        'privateKeys.filter((key) => knows(trust, key)).length',
        'one key that is given twice counts as two',
      ],
    ],
  ),
  ...inFile(
    'packages/createtuf/src/repository.ts',
    [...first, ...tests('client-check'), ...root],
    [
      [
        "      last.verifyDelegate('root', next);\n",
        '',
        'a root that the one before did not sign is followed',
      ],
      [
        '  refuseNewer(kind, meta.version, files);\n',
        '',
        'a repository that was rolled back is signed anew',
      ],
      [
        'if (bytes.length !== length || sha256(bytes) !== hashes.sha256) {',
        'if (bytes.length !== length) {',
        'a target that somebody changed is published',
      ],
      ['verify(name, () => meta.verify(bytes));', '', 'metadata that somebody changed is taken'],
      [
        'if (beyond) throw',
        'if (false) throw',
        'a root that is missing stays unnoticed, and clients stop at it',
      ],
      [
        'verify(name, () => root.verifyDelegate(kind, found as Metadata<Targets>));',
        '',
        'metadata without a signature is taken',
      ],
    ],
  ),
  ...inFile(
    'packages/createtuf/src/revised.ts',
    [...first, ...later, ...material],
    [
      [
        'if (published) refuseOlder(objects, published.timestamp.version, given);',
        '',
        'a repository that was rolled back is published again, and clients refuse it',
      ],
      [
        'refuseOtherStart(objects, current, given);',
        '',
        'a second first root is published beside the one that clients have',
      ],
      [
        'const mostBytes = 1_048_576;',
        'const mostBytes = 10_485_760;',
        'a ConfigMap is written that Kubernetes refuses',
      ],
      [
        'const snapshotsKept = [4, 3, 2];',
        'const snapshotsKept = [1];',
        'a client in the middle of a refresh does not find its files',
      ],
      [
        'at(show(ref), () => refuseInvalid(unknown, wanted.now));',
        'void unknown;',
        'a certificate that has expired is published',
      ],
    ],
  ),
  ...inFile('packages/createtuf/src/prune.ts', later, [
    [
      'return Object.keys(files).filter((name) => versioned.test(name) && !needed.has(name));',
      'return Object.keys(files).filter((name) => !needed.has(name));',
      'old roots go, and clients from the first one find no way',
    ],
    [
      'return [snapshot, targets, ...paths];',
      'return [snapshot, targets];',
      'files that clients are about to ask for go',
    ],
  ]),
  ...inFile('packages/createtuf/src/trusted-root.ts', later, [
    [
      'return withWindow(old, { start, end: now });',
      'return withWindow(old, { start });',
      'a key that leaked is trusted for ever',
    ],
    [
      'return { ...old, validFor: { start, end: now } };',
      'return old;',
      'a CA that leaked is trusted for ever',
    ],
    [
      'if (ended(end, now)) return old;\n        retired.push(`the ${kind',
      'retired.push(`the ${kind',
      'a key’s end moves with each run',
    ],
    [
      'return same ? renew(old, same) : retire(old);',
      'return same ? renew(old, same) : old;',
      'nothing that was replaced gets an end',
    ],
    [
      '...wanted.filter((entry) => !known.has(identify(entry))),',
      '',
      'a new key reaches no client',
    ],
    [
      'new Date(Math.min(...starts',
      'new Date(Math.max(...starts',
      'older signatures do not verify',
    ],
    [
      'const start = created ?? dateless;',
      'const start = dateless;',
      'a key is trusted from before it was made',
    ],
    [
      "createHash('sha256').update(rawBytes).digest() }",
      "createHash('sha512').update(rawBytes).digest() }",
      'no client finds the log by its id',
    ],
  ]),
  ...inFile('packages/createtuf/src/trusted-root.ts', tests('log-name'), [
    [
      "kind === 'tlogs' && !correctLogUrl ? old.baseUrl : entry.baseUrl",
      'entry.baseUrl',
      'after a change of the URL no client verifies what was signed before it',
    ],
    [
      "kind === 'tlogs' && !correctLogUrl ? old.baseUrl",
      "kind === 'tlogs' ? old.baseUrl",
      '--correct-log-url does nothing',
    ],
  ]),
  ...inFile('packages/createtuf/src/addresses.ts', tests('log-name'), [
    [
      'if (hostname === undefined) return urls[0];',
      'return urls[0];',
      'the log is published under where clients reach it, and they refuse every entry',
    ],
  ]),
  ...inFile('packages/createtuf/src/log-name.ts', tests('log-name'), [
    [
      'if (URL.parse(baseUrl)?.hostname === rekor.hostname) return [];',
      'return [];',
      'nobody is told that clients refuse every entry',
    ],
  ]),
  ...inFile('packages/createtuf/src/signing-config.ts', later, [
    [
      'start.getTime() - index * 1_000',
      'start.getTime()',
      'clients differ in which of several URLs they take',
    ],
    [
      'addresses.tsa.map(timestampUrl)',
      'addresses.tsa',
      'clients ask the timestamp authority where it is not',
    ],
    ['majorApiVersion: 1,', 'majorApiVersion: 2,', 'clients speak Rekor v2 to Rekor v1'],
  ]),
  ...inFile(
    'packages/createtuf/src/targets.ts',
    [...later, ...first, ...material],
    [
      [
        "status: 'Expired' as const",
        "status: 'Active' as const",
        'older clients go on trusting a replaced key',
      ],
      [
        "if (sigstore === undefined || sigstore.usage === 'TSA') return [];",
        'if (sigstore === undefined) return [];',
        'clients refuse a second TSA leaf',
      ],
      [
        '...[...intermediates].reverse().map((one, index) => ({\n      name: `tsa',
        '...[...intermediates].map((one, index) => ({\n      name: `tsa',
        'older clients build the TSA’s chain in the wrong order',
      ],
      ['sha256(bytes).slice(0, 8)', "'old'", 'a second replaced key takes the first one’s name'],
    ],
  ),
  ...inFile('packages/createtuf/src/client-check.ts', tests('client-check'), [
    [
      'if (signed && Buffer.compare(taken, signed) === 0) return;',
      'return;',
      'another list of targets passes the check',
    ],
    [
      'await client.downloadTarget(target, place);',
      'void target;',
      'a target that clients refuse passes the check',
    ],
    [
      'if (bytes.length > maxLength) throw',
      'if (false) throw',
      'a file that is too long passes the check',
    ],
  ]),
  ...inFile('packages/createtuf/src/job.ts', first, [
    [
      'if (created && inUse) throw keysGone(objects);',
      '',
      'new role keys are made for a repository that clients trust by others',
    ],
    ['    await check(published);\n', '', 'a repository is published that no client read'],
    [
      'refuseOtherStart(objects, files, { root: pinned, keys: undefined, archived: undefined });',
      '',
      'clients are given another first root',
    ],
  ]),
  ...inFile('packages/createtuf/src/job.ts', root, [
    [
      'if (!(error instanceof StoreError)) throw error;',
      'throw error;',
      'a Job without the right to make Events fails',
    ],
    [
      'if (!next && (!root || now.has(idOf(root)))) return;',
      'return;',
      'the key of before the rotation stays in the Secret',
    ],
  ]),
  ...inFile(
    'packages/createtuf/src/role-keys.ts',
    [...root, ...first],
    [
      ['remove: [nextKey],', 'remove: [],', 'a rotation never ends'],
      [
        "broughtRoot || current?.annotations[whereRootIs] === 'elsewhere'",
        'broughtRoot',
        'a root key is made online beside the one that people keep',
      ],
      ['!trust.ever.has(idOf(root))', 'false', 'a root key that nobody knows is deleted'],
    ],
  ),
  ...inFile('packages/createtuf/src/material.ts', material, [
    ['if (gap !== -1) {', 'if (false) {', 'a chain is published that lacks an intermediate'],
    [
      'const mostIntermediates = 10;',
      'const mostIntermediates = 11;',
      'a chain is published that clients refuse',
    ],
    [
      '    refuseNoTimeStamping({ ...chain, leaf });\n',
      '',
      'a TSA is published whose stamps clients refuse',
    ],
    [
      'if (key.equals(certified)) return chain;',
      'return chain;',
      'a CA is published with another’s key',
    ],
    ['if (chain.leaf) throw', 'if (false) throw', 'a leaf is published as Fulcio’s CA'],
    [
      'if (odd !== undefined) throw unknownKey(place, odd);',
      '',
      'what nobody knows in a record is passed over',
    ],
    [
      'readKey(ctlog, refuseNoCtKey)',
      'readKey(ctlog)',
      'a CT log’s key is published that clients cannot use',
    ],
    [
      'const end = Math.min(',
      'const end = Math.max(',
      'a chain is trusted after one of its certificates has ended',
    ],
    [
      'const start = Math.max(',
      'const start = Math.min(',
      'a chain is trusted before one of its certificates begins',
    ],
  ]),
  ...inFile('packages/createtuf/src/extra-targets.ts', tests('publication'), [
    [
      'at(`${place} key ${name}`, () => refusePrivate(bytes));',
      '',
      'a private key is handed out to everybody',
    ],
    [
      'if (taken === undefined) return;',
      'return;',
      'an operator’s file takes the place of trusted_root.json',
    ],
    [
      "if (bytes.length === 0) throw refused(place, name, 'is empty');",
      '',
      'an empty target is published',
    ],
    ['!Number.isSafeInteger(one)', 'false', 'metadata is signed that clients cannot verify'],
  ]),
  ...inFile('packages/createtuf/src/archive.ts', tests('archive', 'job'), [
    [
      'left < bytes.length && bytes.length <= window ? left / block : 0',
      '0',
      'policy-controller reads a file that ends in zeros',
    ],
    ['.sort((a, b) => (a.name < b.name ? -1 : 1));', ';', 'the Secret is written anew by each run'],
    ['mtime: timeOf(name) }', 'mtime: new Date() }', 'the Secret is written anew by each run'],
  ]),
  ...inFile('packages/createtuf/src/warnings.ts', root, [
    [
      'if (left > soon || canRenew(root, wish)) return [];',
      'return [];',
      'nobody is called before the root ends',
    ],
    [
      'left > soon || canRenew(root, wish)',
      'left > soon',
      'people are called for a root that renews itself',
    ],
  ]),
  ...inFile(
    'packages/createtuf/src/options.ts',
    [...first, ...later],
    [
      [
        'if (renew < lifetime) return',
        'if (renew <= lifetime) return',
        'metadata is signed anew by each run',
      ],
      [
        'if (services.length === 0) throw',
        'if (false) throw',
        'a repository that trusts nobody is published',
      ],
      [
        'renew = lifetime / 2',
        'renew = lifetime / 20',
        'a timestamp is signed anew hours before its end',
      ],
    ],
  ),
  ...inFile('packages/createtuf/src/key-details.ts', material, [
    [
      'secp384r1: PublicKeyDetails.PKIX_ECDSA_P384_SHA_384',
      'secp384r1: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256',
      'clients verify by the wrong curve',
    ],
  ]),
];
