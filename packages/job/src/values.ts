import { InvalidArgumentError } from 'commander';

const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000 };
type Unit = keyof typeof milliseconds;

/** A length of time in whole milliseconds, from Go's notation (`1h30m`, `100ms`) with `d` and `y` added. */
export function duration(text: string): number {
  // No lifetime needs more, and the search below takes the square of the length.
  if (text.length > 40) throw new InvalidArgumentError('Write a shorter duration.');
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|y)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new InvalidArgumentError('Write a duration such as 90s, 5m, 1h30m, 7d or 10y.');
  }
  const length = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * milliseconds[unit as Unit],
    0,
  );
  // A date that is later than all that there are is no date, and nothing waits for it.
  if (length > 1_000 * milliseconds.y) throw new InvalidArgumentError('It must be at most 1000y.');
  return length > 0 ? Math.max(1, Math.round(length)) : 0;
}

/** How long one answer may take: what a timer can wait. */
export function patience(text: string): number {
  const length = duration(text);
  if (length < 1 || length > milliseconds.d) throw new InvalidArgumentError('Write 1ms to 1d.');
  return length;
}

/** A duration that is more than nothing and ends within the years that X.509 and TUF can write. */
export function lifetime(text: string): number {
  const length = duration(text);
  if (length < 60_000) throw new InvalidArgumentError('It must be at least a minute.');
  return length;
}

/** The name of a Secret or ConfigMap (RFC 1123 subdomain). */
export function objectName(text: string): string {
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  if (text.length > 253 || !new RegExp(`^${label}(\\.${label})*$`).test(text)) {
    throw new InvalidArgumentError('Kubernetes names have small letters, digits, - and . only.');
  }
  return text;
}

/** A host's name (RFC 1123), in small letters, as URLs carry it. */
export function hostName(text: string): string {
  try {
    return objectName(text);
  } catch {
    throw new InvalidArgumentError('A host name has small letters, digits, - and . only.');
  }
}

/** The name of a namespace (RFC 1123 label). */
export function namespaceName(text: string): string {
  if (text.length > 63 || text.includes('.')) {
    throw new InvalidArgumentError('A namespace has at most 63 characters, and no dot.');
  }
  return objectName(text);
}

/** What names of objects begin with, so that they are names still; nothing, too. */
export function namePrefix(text: string): string {
  if (text !== '') objectName(`${text}${'x'.repeat(63)}`);
  return text;
}

/** A Secret elsewhere, as NAMESPACE/NAME. */
export function namespacedName(text: string): { namespace: string; name: string } {
  const [namespace = '', name = '', ...rest] = text.split('/');
  if (rest.length > 0) throw new InvalidArgumentError('Write NAMESPACE/NAME.');
  return { namespace: namespaceName(namespace), name: objectName(name) };
}

/** A whole number in a range. */
export function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** An http or https URL without credentials, query or fragment; no slash at its end. */
export function serviceUrl(text: string): string {
  return issuerUrl(text).replace(/\/+$/, '');
}

/**
 * The same, byte by byte as it was given: an issuer is compared with the `iss` of a token, and some
 * issuers end with a slash (OpenID Connect Core 1.0 §3.1.3.7).
 */
export function issuerUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new InvalidArgumentError('Write a URL that starts with http:// or https://.');
  }
  // URL.parse drops line breaks, and does not tell of a query that is empty.
  if (/[\s\p{C}]/u.test(text)) throw new InvalidArgumentError('Write it without blanks.');
  if (url.username || url.password || /[?#]/.test(text)) {
    throw new InvalidArgumentError('Credentials, a query or a fragment do not belong in it.');
  }
  return text;
}

/** A host and port, as gRPC takes them. */
export function hostPort(text: string): string {
  const port = Number(/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text)?.[1]);
  if (!(port >= 1 && port <= 65_535)) throw new InvalidArgumentError('Write HOST:PORT.');
  return text;
}

/** A switch that may be given a value, as Go's flags allow: `--force`, `--force=true`. */
export function yesNo(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('Write true or false.');
  return text === 'true';
}

/** Text for a certificate's name: not empty, of a length that fits, on one line. */
export function nameText(most: number): (text: string) => string {
  return (text) => {
    if (text.trim() === '' || [...text].length > most || /\p{Cc}/u.test(text)) {
      throw new InvalidArgumentError(`Write 1 to ${most} printable characters.`);
    }
    return text;
  };
}

/** Takes an empty value for "leave it out". */
export function optionally(parse: (text: string) => string): (text: string) => string {
  return (text) => (text === '' ? '' : parse(text));
}

/** An ISO 3166 country code: of two letters, as X.520's countryName is, or of three, as upstream's. */
export function countryCode(text: string): string {
  if (!/^[A-Za-z]{2,3}$/.test(text)) {
    throw new InvalidArgumentError('Write a country code of two letters (ISO 3166), such as US.');
  }
  return text.toUpperCase();
}

/** A MySQL user or database that needs no quoting in SQL or in a DSN. */
export function sqlName(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,31}$/.test(text)) {
    throw new InvalidArgumentError('Write a letter, then at most 31 letters, digits or _.');
  }
  return text;
}

/** One of a few words. */
export function oneOf<const Word extends string>(
  ...words: readonly Word[]
): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw new InvalidArgumentError(`Write ${words.join(', ')}.`);
    return word;
  };
}

const repeatable = new WeakSet<object>();

/** The values of a flag that can be repeated; the first that is given takes the default's place. */
export function several<Value>(
  parse: (text: string) => Value,
): (text: string, previous: readonly Value[]) => readonly Value[] {
  const given: Value[] = [];
  const collect = (text: string) => {
    given.push(parse(text));
    return [...given];
  };
  repeatable.add(collect);
  return collect;
}

/** Whether a flag's parser takes the flag as often as it comes. */
export function isRepeatable(parse: object | undefined): boolean {
  return parse !== undefined && repeatable.has(parse);
}
