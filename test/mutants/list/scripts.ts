import { inFile, type Mutant } from '../mutant.ts';

const rig = ['test/rig.test.ts'];
const scripts = ['test/scripts.test.ts'];
const lib = (name: string) => `test/rig/lib/${name}.sh`;

export const shell: readonly Mutant[] = [
  ...inFile(lib('instance'), rig, [
    ['^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$ ]]', '^[a-z0-9./-]+$ ]]', 'rig down deletes /var/lib'],
    [
      '[ "$INSTANCE" = sigstand ] || NETNS=sigstand-$INSTANCE',
      ':',
      'two rigs share a network, and one ends the other',
    ],
    [
      'STATE=/var/lib/sigstand/$INSTANCE',
      'STATE=/var/lib/sigstand/rig',
      'one rig deletes the other’s database',
    ],
  ]),
  ...inFile(lib('say'), rig, [
    [
      '    die "$title failed; the whole log: $STEP_LOG"\n',
      '',
      'a step that failed is passed over',
    ],
    [
      '(set -o errexit -o errtrace;',
      '(set +o errexit -o errtrace;',
      'a command that failed in a step is passed over',
    ],
    [
      '|| { echo "$output" >&2; return 1; }',
      '|| { echo "$output" >&2; }',
      'an image that was not pushed passes for one that was',
    ],
  ]),
  ...inFile(lib('daemons'), rig, [
    ['alive "$name" || {', 'true || {', 'a daemon that has ended is waited for'],
  ]),
  ...inFile(lib('binaries'), rig, [
    [
      "GOFLAGS='-mod=readonly -buildvcs=false'",
      "GOFLAGS='-mod=mod -buildvcs=false'",
      'another version is built than the pinned one',
    ],
    ['GOTOOLCHAIN=local', 'GOTOOLCHAIN=auto', 'a build loads another compiler from the network'],
    ['-o "$fresh/"', '-o "$to/"', 'half a build stays in the cache for good'],
    ["-o -name 'go.*' \\)", "-o -name 'go.mod' \\)", 'a changed pin is not built'],
    [
      'echo -n " -X $stamp.gitVersion=v$version"',
      'echo -n " -X $stamp.gitVersion=v0"',
      'clients refuse the cluster’s version',
    ],
  ]),
  ...inFile(lib('python'), rig, [
    ['--require-hashes ', '', 'whatever the registry serves is run'],
    ['--no-deps ', '', 'a package that is not pinned is resolved, and the build fails next week'],
    ['--only-binary :all:', '', 'code of a package runs while it is installed'],
  ]),
  ...inFile(lib('images'), rig, [
    ['([^\\"\' @#]+)', '([^\\"\' #]+)', 'the rig looks for bytes that only their registry has'],
    [
      '  die "the manifests name the image',
      '  : "the manifests name the image',
      'an image without a recipe is found out only by a Pod',
    ],
    ['"$1") echo "library/$1" ;;', '"$1") echo "$1" ;;', 'no Pod finds its image'],
  ]),
  ...inFile(lib('certificates'), rig, [
    ['  umask 077\n', '  umask 022\n', 'everybody on the machine reads the cluster’s keys'],
    [
      'basicConstraints=critical,CA:false',
      'basicConstraints=critical,CA:true',
      'each user of the rig can make others',
    ],
    ['user admin /O=system:masters/CN=admin', 'user admin /CN=admin', 'the admin may do nothing'],
  ]),
  ...inFile(lib('cluster'), rig, [
    [
      '--authorization-mode=Node,RBAC',
      '--authorization-mode=AlwaysAllow',
      'no test of rights can fail any more',
    ],
    [
      '--listen-client-urls http://127.0.0.1:2379',
      '--listen-client-urls http://0.0.0.0:2379',
      'every Pod of the rig writes its database',
    ],
  ]),
  ...inFile(lib('config'), rig, [
    ['-e "s|@NETNS@|$NETNS|g" \\', '\\', 'containerd looks for a network that is not there'],
  ]),
  ...inFile(lib('packages'), rig, [
    [
      'command -v "${entry%%:*}" >/dev/null || echo',
      'command -v "${entry%%:*}" >/dev/null && echo',
      'what is missing is not installed',
    ],
  ]),
  ...inFile(lib('controllers'), rig, [
    [
      "|| die \"no controller '$name'",
      "|| echo \"no controller '$name'",
      'a mistyped controller is passed over',
    ],
  ]),
  ...inFile('scripts/lib.sh', scripts, [
    [
      '    die "$title failed; the whole log is .sigstand/log"\n',
      '',
      'npm start goes on after a failure',
    ],
    [
      'command -v "${entry%%:*}" >/dev/null || missing',
      'command -v "${entry%%:*}" >/dev/null && missing',
      'what is missing is not installed',
    ],
  ]),
  ...inFile('scripts/cluster.sh', scripts, [
    [
      '[ "$(cluster)" != rig ] || sed',
      '[ "$(cluster)" = rig ] || sed',
      'a cluster pulls whatever a tag names today',
    ],
    [
      'sigstand.dev/stage=$1${2:+,$2}',
      'sigstand.dev/stage=$1',
      'the database is applied with what waits for it',
    ],
    [
      '*) die "--cluster is current, kind or rig, not \'$choice\'" ;;',
      '*) echo rig >"$OUT/cluster" ;;',
      'a mistyped cluster starts another one',
    ],
  ]),
  ...inFile('scripts/gates.sh', scripts, [
    ['|| failed=1; done', '|| true; done', 'npm start goes on without a server'],
    [
      '"$1" || { tell_why; return 1; }',
      '"$1" || { tell_why; return 0; }',
      'npm start says that it is done where it is not',
    ],
    [
      '{ there "$1" "$2" >&2 && manifests "$4"; }',
      '{ there "$1" "$2" >&2; manifests "$4"; }',
      'servers are applied without their keys',
    ],
  ]),
  ...inFile('scripts/with-node.sh', scripts, [
    ['major > 24 ||', 'major > 18 ||', 'an old Node fails in the middle of it'],
  ]),
  ...inFile(
    'scripts/export/folder.ts',
    ['test/export.test.ts', 'test/export-refusals.test.ts'],
    [
      [
        'await rename(fresh, folder);',
        'await mkdir(folder); await replace(folder, files, timeOf);',
        'a reader meets half an export',
      ],
      [
        'await chmod(path, 0o644);',
        'await chmod(path, 0o666);',
        'everybody on the machine changes what is trusted',
      ],
    ],
  ),
  ...inFile(
    'scripts/export/files.ts',
    ['test/export.test.ts'],
    [
      [
        'url === undefined ? `unset ${name}` :',
        'url === undefined ? `: ${name}` :',
        'a client signs with the service of another stack',
      ],
      ['/^[\\w:/.@%+,=-]+$/.test(text) ? text :', 'true ? text :', 'a URL is run as a command'],
      [
        'const sum = sha256(root);',
        'const sum = sha256(repository);',
        'the root’s checksum is that of another file',
      ],
    ],
  ),
  ...inFile(
    'scripts/export/trust.ts',
    ['test/export.test.ts'],
    [
      [
        'logs.find(({ publicKey }) => covers(publicKey?.validFor, now))',
        'logs[0]',
        'clients are told of the log that was replaced',
      ],
    ],
  ),
];
