import { canaries, type Hit } from './canary.ts';
import { hitsIn, type Seen } from './canary-places.ts';
import { privateKeys, secretsOf } from './canary-secrets.ts';
import { dataOf } from './checker.ts';
import { type Event, placeOf, type StoredObject } from './history.ts';
import { long } from './profile.ts';

/**
 * The records whose sealed keys are opened, to look for what is in them: each costs a tenth of a
 * second. Of the others, the sealed bytes and the passwords are looked for.
 */
const mostOpened = long ? 200 : 20;

/**
 * The secrets that were told where nobody may read them: in what processes said, and in the labels,
 * annotations and managedFields of any version of any object.
 */
export function toldSecrets(said: readonly Seen[], events: readonly Event[]): Hit[] {
  const objects = events.map(({ object }) => object);
  const versions = new Map(
    objects
      .filter((object) => keysOf(object).length > 0)
      .map((object) => [`${object.metadata.uid} ${JSON.stringify(object.data)}`, object]),
  );
  const every = Math.ceil(versions.size / mostOpened);
  const secrets = [...versions.values()].flatMap((object, index) =>
    secretsOf(placeOf(object), bytesOf(object), keysOf(object), {
      opened: index % every === 0,
    }),
  );
  const metadata = objects.map(
    (object): Seen => [`metadata of ${placeOf(object)}`, JSON.stringify(object.metadata)],
  );
  return hitsIn(canaries(secrets), [...said, ...metadata]);
}

/** The keys of an object that hold something private, in a lane's namespaces or the stack's own. */
function keysOf({ kind, metadata }: StoredObject): readonly string[] {
  const [stack] = metadata.namespace.split('-');
  const [, keys = []] =
    privateKeys.find(
      ([ref]) =>
        kind === ref.kind && metadata.name === ref.name && ref.namespace.startsWith(`${stack}-`),
    ) ?? [];
  return keys;
}

function bytesOf(object: StoredObject): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(dataOf(object)).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
  );
}
