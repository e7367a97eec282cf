import type { KubeObject } from './objects.ts';

/** From where a cluster takes its images, where that is not as the manifests say. */
export interface ImageWish {
  /** What stands before the names of our seven images, for `ghcr.io/sigstand`. */
  readonly registry?: string | undefined;
  /** Images by their tags, for a registry that has other bytes under the same names. */
  readonly byTag?: boolean | undefined;
}

const ours = /^ghcr\.io\/sigstand\//;

/** The objects with their images from there. */
export function withImages(objects: readonly KubeObject[], wish: ImageWish): KubeObject[] {
  if (!wish.registry && !wish.byTag) return [...objects];
  return objects.map((object) => replaced(object, wish) as KubeObject);
}

/** Every container is an object with a name and an image, wherever it stands. */
function replaced(value: unknown, wish: ImageWish): unknown {
  if (Array.isArray(value)) return value.map((one) => replaced(one, wish));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, replaced(one, wish)]);
  const copy = Object.fromEntries(entries) as Record<string, unknown>;
  const { image, name } = copy;
  return typeof image === 'string' && typeof name === 'string'
    ? { ...copy, ...imageBy(image, wish) }
    : copy;
}

function imageBy(image: string, { registry, byTag }: ImageWish) {
  const tagged = image.replace(/@sha256:[0-9a-f]{64}$/, '');
  if (!registry || !ours.test(image)) return { image: byTag ? tagged : image };
  // A release names its own builds by digest, and the tag may name other bytes there tomorrow.
  return { image: tagged.replace(ours, `${registry}/`), imagePullPolicy: 'Always' };
}
