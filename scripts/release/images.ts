/** Where our images are published, and under which names the manifests know them. */
export const repository = 'ghcr.io/sigstand/';
const ours = /\bghcr\.io\/sigstand\/([a-z]+):([^\s@"']+)(@sha256:[0-9a-f]{64})?/g;

/** What an image of a Job is after it was pushed: the digest of the list of its platforms. */
export type Digests = ReadonlyMap<string, string>;

/** An image of ours that a text names. */
interface Named {
  readonly job: string;
  readonly tag: string;
  readonly digest: string | undefined;
}

/** Every image of ours that a text names, in order. */
export function imagesIn(text: string): Named[] {
  return [...text.matchAll(ours)].map(([, job = '', tag = '', digest]) => ({ job, tag, digest }));
}

/**
 * Reads the file that `docker buildx bake --metadata-file` writes: for each Job the digest that was pushed.
 *
 * @throws {Error} With all that is wrong: a Job that is missing or one too many, a name that is not of this
 * version, an image without a digest or for a single platform.
 */
export function digestsOf(metadata: unknown, jobs: readonly string[], version: string): Digests {
  // Beside the targets there may be what buildx says of the build as a whole.
  const targets = Object.entries(record(metadata)).filter(([name]) => !name.startsWith('buildx.'));
  const wrong = [
    ...jobs
      .filter((job) => !targets.some(([name]) => name === job))
      .map((job) => `${job}: missing`),
    ...targets.filter(([name]) => !jobs.includes(name)).map(([name]) => `${name}: no Job of ours`),
    ...targets.flatMap(([name, built]) => [...faults(name, record(built), version)]),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const digests = new Map(targets.map(([name, built]) => [name, String(record(built)[digestKey])]));
  // Each Job has a program of its own.
  if (new Set(digests.values()).size < digests.size) throw new Error('two images have one digest');
  return digests;
}

const digestKey = 'containerimage.digest';
const lists = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

function* faults(job: string, built: Readonly<Record<string, unknown>>, version: string) {
  const digest = built[digestKey];
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    yield `${job}: no digest`;
  }
  // buildx writes all names of an image into one text.
  const names = String(built['image.name'] ?? '').split(',');
  const wanted = `${repository}${job}:${version}`;
  if (!names.includes(wanted)) yield `${job}: is not named ${wanted} but ${names.join(', ')}`;
  const { mediaType, digest: described } = record(built['containerimage.descriptor']);
  if (!lists.includes(String(mediaType))) yield `${job}: is for one platform alone`;
  if (described !== digest) yield `${job}: its descriptor has another digest`;
}

/**
 * The text with the digest behind each image of ours; one that is there already is replaced.
 *
 * @throws {Error} For an image of another version, or one whose digest is not known.
 */
export function pinned(text: string, digests: Digests, version: string): string {
  return text.replaceAll(ours, (image, job: string, tag: string) => {
    if (tag !== version) throw new Error(`${image}: is not ${version}`);
    const digest = digests.get(job);
    if (digest === undefined) throw new Error(`${image}: was not built`);
    return `${repository}${job}:${tag}@${digest}`;
  });
}

/**
 * The images of a text, each with its digest.
 *
 * @throws {Error} With every image that has none, or is ours and of another version.
 */
export function assertPinned(text: string, version: string): void {
  const all = [...text.matchAll(/^\s*(?:- )?image: *["']?([^\s"'#]+)/gm)].map(
    ([, name = '']) => name,
  );
  const loose = all.filter((name) => !/@sha256:[0-9a-f]{64}$/.test(name));
  const other = imagesIn(text).filter(({ tag }) => tag !== version);
  const wrong = [
    ...loose.map((name) => `${name}: has no digest`),
    ...other.map(({ job, tag }) => `${job}: is ${tag}, not ${version}`),
  ];
  if (wrong.length > 0) throw new Error([...new Set(wrong)].join('\n'));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
