import { mysqlCredentials } from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import type { Data } from '@sigstand/store/store';

type Key = (typeof mysqlCredentials.keys)[number];

/**
 * What would end a name too early in the servers' one line, `user:password@tcp(host)/database?parameters`.
 * Go's driver looks for the last `/`, then the last `@` before that, then the first `:`; it unescapes the database's name.
 */
const ends: Partial<Record<Key, RegExp>> = { user: /:/, database: /[/?%]/ };

/** What our own database's start puts into SQL without quoting. */
const plain = /^[A-Za-z0-9_-]+$/;

/**
 * Refuses credentials that two of their readers would read in two ways: shells take them without the
 * line feeds at the end, environments with them.
 *
 * @throws {JobError} data, naming the key and never the value.
 */
export function refuseUnreadable(
  place: string,
  data: Data | undefined,
  { managed }: { managed: boolean },
): void {
  for (const key of mysqlCredentials.keys) {
    const text = Buffer.from(data?.[key] ?? []).toString('latin1');
    if (text === '') continue;
    const flaw = flawOf(key, text, managed);
    if (flaw) throw new JobError('data', `${place} key ${key} ${flaw.what}`, { hint: flaw.hint });
  }
}

function flawOf(key: Key, text: string, managed: boolean) {
  if (/[\r\n]$/.test(text)) {
    return {
      what: 'ends with a line feed, which some of its readers take as a part of it, and others do not',
      hint: 'write it without: printf adds none, echo and editors do',
    };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is them that are looked for.
  if (/[\x00-\x1f\x7f]/.test(text)) {
    return { what: 'has an unprintable character', hint: 'give it another value' };
  }
  if (!managed && !plain.test(text)) {
    return {
      what: 'has other characters than letters, digits, _ and -',
      hint: 'our own database takes no others; for a managed one, leave out root-password',
    };
  }
  if (ends[key]?.test(text)) {
    return { what: 'has a character that ends it in a connection string', hint: 'choose another' };
  }
  return undefined;
}
