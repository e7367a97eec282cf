/** The peer's releases that are measured, and what differs between them. */
export const tags = ['v0.7.31', 'v0.7.37'] as const;
export type Tag = (typeof tags)[number];

/** What is compiled: counterparts of our Jobs and of our TUF web server, and servers that ours are not. */
export type Program =
  | 'createdb'
  | 'createtree'
  | 'rekor-createsecret'
  | 'createcerts'
  | 'createctconfig'
  | 'createcertchain'
  | 'tuf-createsecret'
  | 'tuf-server'
  | 'rekor-server'
  | 'tesseract';

export interface Build {
  /** What its image's name in the manifests ends with, the digest aside. */
  readonly image: string;
  /** As Go takes it. */
  readonly package: string;
  /** The folder of its module in the checkout; none where Go fetches it. */
  readonly module?: string;
}

/** A system as its script installs it. */
export interface System {
  /** Of its manifests. */
  readonly folder: string;
  readonly namespace: string;
  /** Whether the script waits for Jobs there. */
  readonly jobs: boolean;
  /** What the script waits for after them, one after the other. */
  readonly servers: readonly string[];
}

export interface Release {
  readonly tag: Tag;
  readonly programs: Readonly<Partial<Record<Program, Build>>>;
  /** Whether it has Trillian, and so a database. */
  readonly database: boolean;
  /** In the order in which its script installs them. */
  readonly systems: readonly System[];
  /** Folders of its manifests that are not applied. */
  readonly leftOut: readonly string[];
  /** What cosign must be told, since its TUF repository does not. */
  readonly signFlags: readonly string[];
}

const own = (folder: string, module: string): Build => ({
  ...{ image: `/cmd/${folder}`, package: `./cmd/${folder}`, module },
});

/** A server at the version that the manifests pin. */
const fetched = (image: string, path: string): Build => ({
  ...{ image: `/${image}`, package: `${path}@${image.split(':')[1]}` },
});

const system = (
  name: string,
  jobs: boolean,
  servers: readonly string[],
  folder = name,
): System => ({
  ...{ folder, namespace: `${name}-system`, jobs, servers },
});

const fulcio = ['fulcio', 'fulcio-grpc'];

export const releases: Readonly<Record<Tag, Release>> = {
  'v0.7.31': {
    tag: 'v0.7.31',
    programs: {
      createdb: own('trillian/createdb', '.'),
      createtree: own('trillian/createtree', '.'),
      'rekor-createsecret': own('rekor/rekor-createsecret', '.'),
      createcerts: own('fulcio/createcerts', '.'),
      createctconfig: own('ctlog/createctconfig', '.'),
      createcertchain: own('tsa/createcertchain', '.'),
      'tuf-createsecret': own('tuf/createsecret', '.'),
      'tuf-server': own('tuf/server', '.'),
    },
    database: true,
    systems: [
      system('trillian', false, ['log-server', 'log-signer']),
      system('rekor', true, ['rekor']),
      system('fulcio', true, fulcio),
      system('ctlog', true, ['ctlog']),
      system('tsa', true, ['tsa']),
      system('tuf', true, ['tuf']),
    ],
    leftOut: ['trillian/updatetree', 'rekor/redis'],
    signFlags: [
      '--use-signing-config=false',
      '--fulcio-url=http://fulcio.fulcio-system.svc',
      '--rekor-url=http://rekor.rekor-system.svc',
      '--timestamp-server-url=http://tsa.tsa-system.svc/api/v1/timestamp',
    ],
  },
  'v0.7.37': {
    tag: 'v0.7.37',
    programs: {
      createcertchain: own('tsa/createcertchain', 'tools/tsa'),
      'tuf-createsecret': own('tuf/createsecret', 'tools/tuf'),
      'tuf-server': own('tuf/server', 'tools/tuf'),
      'rekor-server': fetched(
        'rekor-tiles/posix:v2.2.1',
        'github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix',
      ),
      tesseract: fetched(
        'tesseract/posix:v0.1.1',
        'github.com/transparency-dev/tesseract/cmd/tesseract/posix',
      ),
    },
    database: false,
    systems: [
      system('rekor', false, ['rekor'], 'rekor-tiles'),
      system('fulcio', false, fulcio),
      system('ctlog', false, ['ctlog']),
      system('tsa', true, ['tsa']),
      system('tuf', true, ['tuf']),
    ],
    leftOut: [],
    signFlags: [],
  },
};
