import type { Contract } from './contract.ts';
import { frozenNote, oldLogsNote, shardingSetting } from './shards.ts';

const record = <const C extends Contract>(contract: C): C => contract;

export const mysqlCredentials = record({
  kind: 'Secret',
  namespace: 'trillian-system',
  name: 'trillian-mysql',
  keys: ['user', 'password', 'root-password', 'database'],
  madeBy: 'createsecret',
  usedBy: 'MySQL, Trillian',
  public: false,
  without:
    "createsecret takes them from Rekor's copy, or makes new ones: restart mysql-trillian, Trillian and Rekor",
});

/** Pods cannot mount another namespace's Secret, so Rekor has its own copy, without root's password. */
export const rekorMysqlCredentials = record({
  kind: 'Secret',
  namespace: 'rekor-system',
  name: 'trillian-mysql',
  keys: ['user', 'password', 'database'],
  madeBy: 'createsecret',
  usedBy: "Rekor's search index",
  public: false,
  without: 'createsecret copies it again',
});

/** After a move it also has the list of the trees before, in which nobody writes any more: `shards.ts`. */
export const rekorConfig = record({
  kind: 'ConfigMap',
  namespace: 'rekor-system',
  name: 'rekor-config',
  keys: ['treeID'],
  later: [shardingSetting.key],
  madeBy: 'createtree',
  usedBy: 'Rekor, as env; and as files, where it names old trees',
  public: true,
  notes: ['sigstand.dev/tree-intent', 'sigstand.dev/next-tree-intent', frozenNote],
  without:
    'nothing, once the ID is put back by hand, and the list of old trees (docs/rotation.md): createtree names them',
});

export const rekorSigningSecret = record({
  kind: 'Secret',
  namespace: 'rekor-system',
  name: 'rekor-signing-secret',
  keys: ['signing-secret', 'signing-secret-password'],
  madeBy: 'createsecret',
  usedBy: 'Rekor, mount and env',
  public: false,
  notes: ['sigstand.dev/key-created'],
  without: 'the log gets another key, by docs/rotation.md',
});

export const rekorPublicKey = record({
  kind: 'Secret',
  namespace: 'rekor-system',
  name: 'rekor-pub-key',
  keys: ['public', 'hostname'],
  madeBy: 'createsecret',
  usedBy: 'copysecrets; Rekor takes hostname alone, as env',
  public: true,
  notes: ['sigstand.dev/key-created'],
  without: 'createsecret makes it again, with the hostname of its settings and no other',
});

/** What a tree's ID looks like under another name than `treeID`: a ConfigMap may hold all kinds of things. */
export const treeAlike = /^\s*(\w*tree[_.-]?id|\d{6,19})\s*$/i;

export const fulcioSecrets = record({
  kind: 'Secret',
  namespace: 'fulcio-system',
  name: 'fulcio-secrets',
  keys: ['cert', 'private', 'password', 'public'],
  madeBy: 'createcerts',
  usedBy: 'Fulcio, mount and env',
  public: false,
  without: 'Fulcio gets another CA, by docs/rotation.md',
});

export const fulcioPublicKey = record({
  kind: 'Secret',
  namespace: 'fulcio-system',
  name: 'fulcio-pub-key',
  keys: ['cert', 'public'],
  madeBy: 'createcerts',
  usedBy: 'copysecrets, createctconfig',
  public: true,
  without: 'createcerts makes it again',
});

/** After a move it also has the list of the trees before, by `shards.ts`: those of logs that are only read. */
export const ctlogConfig = record({
  kind: 'ConfigMap',
  namespace: 'ctlog-system',
  name: 'ctlog-config',
  keys: ['treeID'],
  madeBy: 'createtree',
  usedBy: 'createctconfig',
  public: true,
  notes: ['sigstand.dev/tree-intent', 'sigstand.dev/next-tree-intent', frozenNote],
  without:
    'nothing, once the ID is put back by hand, and the list of old trees (docs/rotation.md): createtree names them',
});

/** The log's key until `ctlogSecrets` has it, so that nobody waits for a tree to know the key; then empty. */
export const ctlogKey = record({
  kind: 'Secret',
  namespace: 'ctlog-system',
  name: 'ctlog-key',
  keys: ['private', 'password'],
  madeBy: 'createctconfig',
  usedBy: 'createctconfig',
  public: false,
  notes: ['sigstand.dev/key-created'],
  without: 'nothing: it is empty once ctlog-secrets has the key',
});

export const ctlogSecrets = record({
  kind: 'Secret',
  namespace: 'ctlog-system',
  name: 'ctlog-secrets',
  keys: ['private', 'public', 'rootca', 'config'],
  madeBy: 'createctconfig',
  usedBy: 'CT log, mount at /ctfe-keys',
  public: false,
  notes: ['sigstand.dev/key-created'],
  without:
    'the CT log gets another key, and those of before are served no more, by docs/rotation.md',
});

export const ctlogPublicKey = record({
  kind: 'Secret',
  namespace: 'ctlog-system',
  name: 'ctlog-public-key',
  keys: ['public'],
  madeBy: 'createctconfig',
  usedBy: 'copysecrets',
  public: true,
  notes: ['sigstand.dev/key-created'],
  without: 'createctconfig makes it again',
});

export const tsaCertChain = record({
  kind: 'Secret',
  namespace: 'tsa-system',
  name: 'tsa-cert-chain',
  keys: ['cert-chain', 'signing-secret', 'signing-secret-password'],
  madeBy: 'createcertchain',
  usedBy: 'TSA, mount and env; copysecrets takes cert-chain alone',
  public: false,
  without: 'the TSA gets another chain, by docs/rotation.md',
});

/** What copysecrets brings to the TUF namespace: each source's public keys, and nothing else of it. */
export const copies = {
  fulcio: copyOf(fulcioPublicKey, ['cert', 'public']),
  ctlog: copyOf(ctlogPublicKey, ['public'], [oldLogsNote]),
  rekor: copyOf(rekorPublicKey, ['public', 'hostname']),
  tsa: copyOf(tsaCertChain, ['cert-chain']),
} as const;

export const tufKeys = record({
  kind: 'Secret',
  namespace: 'tuf-system',
  name: 'tuf-keys',
  keys: ['root', 'targets', 'snapshot', 'timestamp'],
  madeBy: 'createtuf',
  usedBy: 'createtuf',
  public: false,
  notes: ['sigstand.dev/first-root', 'sigstand.dev/root-key'],
  without: 'every client starts over, with another first root',
});

/** Its keys are the repository's file names, which only createtuf knows. */
export const tufRepository = record({
  kind: 'ConfigMap',
  namespace: 'tuf-system',
  name: 'tuf-repository',
  keys: [],
  madeBy: 'createtuf',
  usedBy: 'TUF web server, mount',
  public: true,
  without: 'every client starts over, unless tuf-root has the archive',
});

export const tufRoot = record({
  kind: 'Secret',
  namespace: 'tuf-system',
  name: 'tuf-root',
  keys: ['root', 'repository'],
  madeBy: 'createtuf',
  usedBy: 'clients: policy-controller, CI scripts',
  public: true,
  without: 'createtuf makes it again',
});

/** Every object of the stack that a Job writes. */
export const records: readonly Contract[] = [
  mysqlCredentials,
  rekorMysqlCredentials,
  rekorConfig,
  rekorSigningSecret,
  rekorPublicKey,
  fulcioSecrets,
  fulcioPublicKey,
  ctlogConfig,
  ctlogKey,
  ctlogSecrets,
  ctlogPublicKey,
  tsaCertChain,
  ...Object.values(copies),
  tufKeys,
  tufRepository,
  tufRoot,
];

function copyOf<Source extends string, const Key extends Source>(
  source: Contract<Source>,
  keys: readonly Key[],
  notes: readonly string[] = [],
) {
  return record({
    kind: source.kind,
    namespace: 'tuf-system',
    name: source.name,
    keys,
    madeBy: 'copysecrets',
    usedBy: 'createtuf',
    public: true,
    notes: ['sigstand.dev/key-created', ...notes],
    without: 'copysecrets copies it again',
  });
}
