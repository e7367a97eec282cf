import { inFile, type Mutant } from '../mutant.ts';

const tests = (job: string, ...names: string[]) =>
  names.map((name) => `packages/${job}/src/${name}.test.ts`);
const tree = tests('createtree', 'job', 'one-tree', 'tree');
const secret = tests('createsecret', 'job');
const certs = tests('createcerts', 'job');
const chain = tests('createcertchain', 'job');
const ct = tests('createctconfig', 'job', 'inputs', 'stored-log');
const copy = tests('copysecrets', 'job');

export const jobs: readonly Mutant[] = [
  ...inFile('packages/createtree/src/one-tree.ts', tree, [
    ['root.size > 0n', 'root.size > 1n', 'a sibling tree with one entry is deleted'],
    [
      'if (recorded !== undefined && recorded !== replaces) return { id: recorded };',
      '',
      'a second tree is made beside the recorded one',
    ],
    [
      'const found = madeFor(intent,',
      'const found = undefined ?? madeFor({ ...intent, token: "" },',
      'a crash leaves two trees',
    ],
    ['if (!told.has(answer)) log(', 'log(', 'the log is flooded while Trillian is late'],
  ]),
  ...inFile('packages/createtree/src/tree.ts', tree, [
    ['tree.id !== kept && ', '', 'the log’s own tree is deleted'],
    [
      "&& tree.id !== kept && tree.state === 'ACTIVE'",
      '&& tree.id !== kept',
      'a frozen tree that somebody keeps is deleted',
    ],
    ['tokenOf(tree) === token && tree.id', 'tree.id', 'trees of others are deleted'],
    ['&& BigInt(text) <= largestId', '', 'an id is taken that no tree can have'],
    [
      'const longestName = 20;',
      'const longestName = 21;',
      'Trillian refuses the name only after a tree is reserved',
    ],
    [
      'if (intent !== undefined && intent.replaces === replaces) return undefined;',
      '',
      'a run after a crash makes a second tree',
    ],
    [
      'if (recordedId(place, current?.data) !== intent.replaces) return undefined;\n  return { data',
      'return { data',
      'of two Pods the slower one replaces the recorded tree',
    ],
    ["if (tree.deleted) return 'is deleted in Trillian';", '', 'a log is kept in a deleted tree'],
    ["if (tree.state !== 'ACTIVE') return", 'if (false) return', 'a log is kept in a frozen tree'],
    [
      'return tree.type === type ? undefined :',
      'return true ? undefined :',
      'a log is kept in a tree of another type',
    ],
    [
      '/\\[sigstand:([0-9a-f]{16})\\]$/',
      '/\\[sigstand:([0-9a-f]{16})\\]/',
      'a stranger’s description passes for our mark',
    ],
  ]),
  ...inFile('packages/createtree/src/job.ts', tree, [
    [
      'const replaces = force ? recorded : undefined;',
      'const replaces = recorded;',
      'every run starts a new and empty log',
    ],
  ]),
  ...inFile('packages/createtree/src/trillian-error.ts', tree, [
    [
      "PERMISSION_DENIED: { failure: 'forbidden'",
      "PERMISSION_DENIED: { failure: 'tryAgain'",
      'a client that Trillian does not allow tries again for an hour',
    ],
  ]),
  ...inFile('packages/createsecret/src/signing-key.ts', secret, [
    [
      "'signing-secret-password': utf8(password),",
      "'signing-secret-password': utf8(entropy.password()),",
      'the password beside Rekor’s key does not open it',
    ],
    [
      'sealPkcs8(entropy.privateKey(keyType), password)',
      "sealPkcs8(entropy.privateKey('ecdsa-p256'), password)",
      '--key-type is ignored',
    ],
    ['    refuseWeak(publicKey);\n', '', 'Rekor gets a key by which no client verifies'],
  ]),
  ...inFile('packages/createsecret/src/database-credentials.ts', secret, [
    [
      '[rootPassword]: utf8(entropy.password()),',
      "[rootPassword]: utf8('root'),",
      'everybody knows root’s password',
    ],
    [
      'const { keys } = rekorMysqlCredentials;',
      'const { keys } = mysqlCredentials;',
      'Rekor’s namespace gets root’s password',
    ],
    [
      'if (other === undefined) return undefined;',
      'return undefined;',
      'Rekor logs in by a password that is another',
    ],
    ['password: utf8(entropy.password()),', "password: utf8(''),", 'the database has no password'],
  ]),
  ...inFile('packages/createsecret/src/job.ts', secret, [
    ['    dated: dated(now),\n', '', 'clients learn no date of Rekor’s key'],
    [
      ".conflicts(['signingSecret', 'secret', 'keyType', 'hostname'])",
      '',
      'flags that are passed over in silence',
    ],
  ]),
  ...inFile('packages/createcerts/src/authority.ts', certs, [
    [
      'const pathLength = 1;',
      'const pathLength = 0;',
      'no intermediate can ever keep the root apart',
    ],
    [
      'if (first) refuseMismatch(first, key);',
      '',
      'a certificate for another key is published, and no signature verifies',
    ],
    [
      'if (!isPublished) refuseInvalid(certificates, now);',
      '',
      'a CA that has expired is published',
    ],
    [
      'if (!isPublished) refuseInvalid(certificates, now);',
      'refuseInvalid(certificates, now);',
      'a stack in use stops at the CA’s end, instead of a warning',
    ],
    ['if (chain.leaf) throw', 'if (false) throw', 'Fulcio gets a leaf as its CA'],
    [
      '!extendedKeyUsage(issuing)?.purposes.includes(codeSigning)',
      'false',
      'Fulcio does not start with its intermediate',
    ],
    [
      'if (published?.length) refuseOther(',
      'if (false) refuseOther(',
      'another public key beside the CA stays unnoticed',
    ],
    [
      'password: utf8(password),',
      'password: utf8(`${password}\\n`),',
      'Fulcio’s password does not open its key',
    ],
  ]),
  ...inFile('packages/createcerts/src/job.ts', certs, [
    [
      ".default(lifetime('10y'), '10y')",
      ".default(lifetime('1y'), '10y')",
      'the root ends nine years early',
    ],
    ["['C', options.certCountry],", '', '--cert-country is ignored'],
    [
      'keyType: `ecdsa-${options.curveType}` as const',
      "keyType: 'ecdsa-p256' as const",
      '--curve-type is ignored',
    ],
  ]),
  ...inFile('packages/createcertchain/src/tsa-chain.ts', chain, [
    [
      'validity: validFrom(now, lifetime * 0.9),',
      'validity: validFrom(now, lifetime),',
      'timestamps of the last days have no chain to verify by',
    ],
    ['usageIsCritical: true,', 'usageIsCritical: false,', 'no client takes a timestamp'],
    ['      usageIsCritical: false,\n', '', 'the timestamp server does not start with the chain'],
    [
      'ca: { pathLength: intermediates - 1 - index },',
      'ca: { pathLength: intermediates - 2 - index },',
      'the chain is longer than its CA allows',
    ],
    [
      'const leafFirst = rootFirst.toReversed()',
      'const leafFirst = rootFirst',
      'the timestamp server does not start with the chain',
    ],
    [
      'const leafKey = rootFirst.at(-1)?.privateKey;',
      'const leafKey = rootFirst.at(0)?.privateKey;',
      'the root’s key is kept, and the leaf’s is lost',
    ],
    ['    refuseMismatch(leaf, key);\n', '', 'timestamps do not verify'],
    ['    refuseInvalid(certificates, now);\n', '', 'a chain that has expired is made known'],
    ['    refuseNoTimeStamping({ ...chain, leaf });\n', '', 'a leaf is kept that clients refuse'],
    [
      'if (other) throw',
      'if (false) throw',
      'an intermediate is kept that the timestamp server refuses',
    ],
    [
      'serialNumber: entropy.serialNumber(),',
      "serialNumber: '01',",
      'all certificates of the chain have one serial number',
    ],
  ]),
  ...inFile(
    'packages/createctconfig/src/ct-config.ts',
    [...ct, ...tests('createctconfig', 'prototext')],
    [
      ["['ext_key_usages', utf8('CodeSigning')],", '', 'the log takes certificates for any use'],
      [
        "['log_id', treeId],",
        "['log_id', String(Number(treeId))],",
        'the log writes to a tree that is not there',
      ],
      [
        "['public_key', [['der', spki(publicKey)]]],",
        '',
        'ct_server does not check its key at start',
      ],
      [
        'if (id > 0n && id <= mostInt64)',
        'if (id >= 0n && id <= mostInt64)',
        'a log is configured on tree 0',
      ],
    ],
  ),
  ...inFile('packages/createctconfig/src/ct-schema.ts', tests('createctconfig', 'ct-schema'), [
    [
      '  if (value instanceof List)\n',
      '  if (value instanceof List && value.values.length !== 1)\n',
      'ct_server does not start with the configuration that is kept',
    ],
    [
      'if (seen.has(name)) throw',
      'if (false) throw',
      'ct_server does not start with the configuration that is kept',
    ],
    [
      "if (kind === undefined) throw refused(name, 'a field that ct_server does not know');",
      'if (kind === undefined) continue;',
      'ct_server does not start with a field that it does not know',
    ],
    [
      "/^[a-z_]{1,64}$/.test(name) ? name : 'in brackets'",
      'name',
      'a password that stands where a name should is told in the log',
    ],
  ]),
  ...inFile('packages/createctconfig/src/ctlog-secret.ts', ct, [
    [
      "allOrNone(place, data, ['private', 'public', 'config'], known);",
      '',
      'a new key is made beside one that services trust',
    ],
    ["['is for the tree', config.treeId, log.treeId],", '', 'a log goes on on another tree'],
    [
      "['has the prefix', config.prefix, log.prefix],",
      '',
      'clients ask for the log where it is not',
    ],
    [
      'if (config.publicKey) refuseOtherKey(',
      'if (false) refuseOtherKey(',
      'ct_server does not start',
    ],
    [
      'private: sealRfc1423(privateKey, password),',
      "private: sealRfc1423(privateKey, 'password'),",
      'ct_server does not open its key',
    ],
    [
      'if (fingerprint(found) === fingerprint(wanted)) return;',
      'return;',
      'SCTs do not verify by the published key',
    ],
  ]),
  ...inFile('packages/createctconfig/src/fulcio-root.ts', ct, [
    [
      'isCa(one) && maySignCertificates(one)',
      'isCa(one)',
      'a root is taken that Fulcio cannot sign by',
    ],
    [
      'const known = new Set(accepted.map(fingerprintOf));',
      'const known = new Set<string>();',
      'each run adds the same root again',
    ],
    [
      'return new Uint8Array(Buffer.concat([bundle, ...lineEnd, ...added.map(certificatePem)]));',
      'return new Uint8Array(Buffer.concat(added.map(certificatePem)));',
      'what the old root signed is taken no longer',
    ],
    [
      'if (String([...new Set(these)]) === String([...new Set(those)])) return;',
      'return;',
      'the log takes another CA than Fulcio signs with',
    ],
    ['at(place, () => refuseInvalid(added, now));', '', 'a root that has expired is added'],
    [
      'return selfSigned.length > 0 ? selfSigned : certificates.slice(-1);',
      'return certificates.slice(-1);',
      'of two roots in a bundle the log takes one',
    ],
  ]),
  ...inFile('packages/createctconfig/src/fulcio.ts', tests('createctconfig', 'fulcio'), [
    ["redirect: 'manual'", "redirect: 'follow'", 'a redirect leads to anybody’s root'],
    ['if (length > mostBytes) throw', 'if (false) throw', 'an answer without end fills the memory'],
    [
      "if (status === 404) return 'absent';",
      "if (status === 404) return { notYet: 'HTTP 404' };",
      'what is not Fulcio is waited for',
    ],
  ]),
  ...inFile('packages/createctconfig/src/reservation.ts', tests('createctconfig', 'reservation'), [
    [
      'return { remove: ctlogKey.keys };',
      'return undefined;',
      'a second copy of the log’s key stays for ever',
    ],
    [
      'secret === ctlogSecrets.name ? ctlogKey.name : `${secret}-reserved-key`',
      'ctlogKey.name',
      'two logs of one namespace share a key',
    ],
    [
      'if (keyIn(reservation, current)) return undefined;',
      '',
      'a second key is made while the first is published',
    ],
    [
      'dated: time ? { note: createdNote, time } : undefined',
      'dated: undefined',
      'clients learn no date of the log’s key',
    ],
  ]),
  ...inFile('packages/copysecrets/src/copies.ts', copy, [
    [
      'return publicPem(key);',
      'return value;',
      'what stands around a public key is copied to where all may read it',
    ],
    [
      'parseCertificates(value).map(certificatePem)));',
      '[value]));',
      'what stands around a certificate is copied to where all may read it',
    ],
    [
      'if (certified.includes(published)) return;',
      'return;',
      'a key that is not the certificate’s is published',
    ],
    ['  if (replace) return false;\n', '', '--replace does nothing'],
    [
      'if (found === wanted) return true;\n',
      'return true;\n',
      'a source that changed is passed over in silence',
    ],
    [
      'at(place, () => refuseInvalid(certificates, now));',
      '',
      'a chain that has expired is copied',
    ],
    [
      'if (certificates.length > 0) at(place, () => refuseUnusable(certificates, service));',
      '',
      'a chain that lacks a link is published',
    ],
    [
      'at(`${place} key public`, () => refuseNewCtKey(parsePublicKey(key)));',
      '',
      'a new CT log’s key is published by which clients refuse every certificate',
    ],
    ["name.includes('_root.')", 'true', 'a chain is copied while half of it is there'],
  ]),
  ...inFile('packages/copysecrets/src/job.ts', copy, [
    [
      'const created = found?.annotations[createdNote];',
      'const created = undefined;',
      'clients learn no date of the logs’ keys',
    ],
    ['[createdNote, newKeyNote].filter', '[newKeyNote].filter', 'a new key has the old key’s date'],
    [
      'if (!isLate(error)) stop.abort(error);',
      '',
      'a bad source is told only when the others are late',
    ],
    [
      'for (const key of strayPrivateKeys(stored)) {',
      'for (const key of strayPrivateKeys({})) {',
      'a private key in the public namespace stays unnoticed',
    ],
  ]),
];
