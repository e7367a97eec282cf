import { at, JobError } from '@sigstand/job/errors';
import { refusePrivate } from '@sigstand/pki/keys';
import type { Data } from '@sigstand/store/store';
import type { CustomMetadata, Target } from './targets.ts';

/** The end of a name under which a file's custom metadata lies beside it. */
const customSuffix = '.custom.json';

/** The hash that goes before a name takes some of the 253 characters that a ConfigMap's key has. */
const longestName = 253 - 65;

/**
 * The files of a record as targets: each under its own name, and where `NAME.custom.json` lies beside
 * it, with that as its custom metadata.
 *
 * @throws {JobError} data, naming record and key: nothing private, no file without a name of its own.
 */
export function extraTargets(place: string, data: Data): Target[] {
  const isCustom = (key: string) => key.endsWith(customSuffix);
  const widow = Object.keys(data).find(
    (key) => isCustom(key) && data[key.slice(0, -customSuffix.length)] === undefined,
  );
  if (widow) throw refused(place, widow, 'describes a file that is not there');
  return Object.entries(data)
    .filter(([key]) => !isCustom(key))
    .map(([name, bytes]) => {
      if (name.length > longestName) throw refused(place, name, 'is too long a name for a target');
      if (bytes.length === 0) throw refused(place, name, 'is empty');
      at(`${place} key ${name}`, () => refusePrivate(bytes));
      const described = data[`${name}${customSuffix}`];
      if (described === undefined) return { name, bytes };
      return { name, bytes, custom: custom(place, `${name}${customSuffix}`, described) };
    });
}

/** @throws {JobError} data, where an extra target has the name of one that this program makes. */
export function refuseTaken(extra: readonly Target[], own: readonly Target[]): void {
  const taken = extra.find(({ name }) => own.some((one) => one.name === name));
  if (taken === undefined) return;
  throw new JobError('data', `an extra target is called ${taken.name}, as one made here is`, {
    hint: 'give it another name',
  });
}

function custom(place: string, key: string, bytes: Uint8Array): CustomMetadata {
  at(`${place} key ${key}`, () => refusePrivate(bytes));
  try {
    const read: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) {
      return canSign(read as CustomMetadata);
    }
  } catch {
    // Said below, without what was read.
  }
  throw refused(place, key, 'is no JSON object of text, whole numbers, lists and objects');
}

/** Canonical JSON, which is what is signed, knows no fractions. */
function canSign(value: CustomMetadata): CustomMetadata {
  JSON.stringify(value, (_key, one) => {
    if (typeof one === 'number' && !Number.isSafeInteger(one)) throw new Error('fraction');
    return one;
  });
  return value;
}

function refused(place: string, key: string, why: string): JobError {
  return new JobError('data', `${place} key ${key} ${why}`);
}
