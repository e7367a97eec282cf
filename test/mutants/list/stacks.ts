import { inFile, type Mutant } from '../mutant.ts';

const settings = ['packages/job/src/settings.test.ts'];
const renamed = ['test/second-stack.test.ts', 'test/manifests.test.ts'];
const addresses = ['packages/createtuf/src/changed-addresses.test.ts'];
const owned = ['test/owned.test.ts'];
const exported = ['test/export.test.ts'];

/** What lets one stack reach into another, or lose what somebody set. */
export const stacks: readonly Mutant[] = [
  ...inFile('packages/job/src/settings.ts', settings, [
    [
      "if (text === '' || given.has(option.name())) continue;",
      "if (text === '') continue;",
      'a variable adds its URLs to those that a flag gives',
    ],
    [
      'if (option.required && value === undefined) index += 1;',
      '',
      'a value that looks like a flag keeps a variable from being read',
    ],
    [
      'option ? isSetting(option) : !variable.startsWith(prefix)',
      'option ? isSetting(option) : true',
      'a misspelt variable is passed over',
    ],
    [
      '!option.isBoolean() && !acts.has(option)',
      '!option.isBoolean()',
      'a variable makes every nightly run replace what it should keep',
    ],
  ]),
  ...inFile('packages/job/src/main.ts', settings, [
    [
      "if (options.store.kind === 'kubernetes') refuseDefaults(command as never, options);",
      '',
      'a Job without an address writes into the stack that has the standard names',
    ],
  ]),
  ...inFile('packages/createtree/src/job.ts', renamed, [
    [
      'const { namespace, configmap, adminServer,',
      "const adminServer = 'log-server.trillian-system.svc:80';\n    const { namespace, configmap,",
      'a second stack makes its trees in the first one’s Trillian',
    ],
  ]),
  ...inFile('manifests/40-ctlog.yaml', renamed, [
    [
      '            - name: CREATECTCONFIG_FULCIO_SECRET\n              value: fulcio-system/fulcio-pub-key\n',
      '',
      'createctconfig ends with 64',
    ],
  ]),
  ...inFile('manifests/30-fulcio.yaml', renamed, [
    [
      'name: fulcio-system-issuer-discovery',
      'name: sigstand-issuer-discovery',
      'deleting a second stack keeps the first from checking tokens',
    ],
  ]),
  ...inFile('packages/createtuf/src/changed-addresses.ts', addresses, [
    [
      'if (was === is) return [];',
      'if (was !== is) return [];',
      'an address changes without a word in the log',
    ],
    [
      'filter(({ publicKey }) => !publicKey?.validFor?.end)',
      'filter(() => false)',
      'the CT log’s address changes without a word in the log',
    ],
  ]),
  ...inFile('packages/store/src/converge.ts', owned, [
    [
      'refuseOwned(ref, current, change);',
      '',
      'a key is made in a Secret that its owner writes anew an hour later',
    ],
  ]),
  ...inFile('packages/job/src/pair.ts', owned, [
    [
      'refuseOwnedLacking(pair.published, before, pair.publishes);',
      '',
      'a key is made, whose public half has no place',
    ],
  ]),
  ...inFile('scripts/export/job.ts', exported, [
    [
      'return secretIn(namespace, tufRoot.name);',
      'return secretIn(tufRoot.namespace, tufRoot.name);',
      'the export of a second stack is the first one’s',
    ],
  ]),
];
