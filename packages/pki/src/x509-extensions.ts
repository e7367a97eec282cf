import {
  bitsOf,
  booleanOf,
  contentOf,
  type Element,
  elements,
  integer,
  integerOf,
  oidOf,
  tag,
  within,
} from './der.ts';
import { malformed, odd } from './error.ts';
import { areNames, nameConstraints } from './general-names.ts';
import type { Extension, Form } from './x509-form.ts';

/** Object identifiers of extensions (RFC 5280 §4.2). */
export const extension = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
} as const;

/** Whether the value of each extension that Go reads is what it should be; throwing is a no. */
const forms: Readonly<Record<string, (value: Element) => unknown>> = {
  [extension.subjectKeyIdentifier]: (value) => contentOf(value, tag.octets),
  [extension.keyUsage]: bitsOf,
  [extension.subjectAltName]: areNames,
  [extension.basicConstraints]: readBasicConstraints,
  [extension.nameConstraints]: (value) => nameConstraints(value).wellFormed,
  [extension.crlDistributionPoints]: (value) => within(value).every(isDistributionPoint),
  [extension.certificatePolicies]: arePolicies,
  [extension.policyMappings]: (value) =>
    within(value).every((pair) => within(pair).map(oidOf).length === 2),
  [extension.authorityKeyIdentifier]: (value) => within(value),
  [extension.policyConstraints]: arePolicyConstraints,
  [extension.extKeyUsage]: (value) => within(value).map(oidOf).length > 0,
  [extension.inhibitAnyPolicy]: (value) => isSmall(integerOf(value)),
  [extension.authorityInfoAccess]: areAccesses,
  // Go passes over this one, but ct_server, whose reader is an older one of Go's, reads it.
  [extension.subjectInfoAccess]: areAccesses,
};

/** RFC 5280 §4.2.1.1, §4.2.1.2 and §4.2.2.1: Go refuses them where they are critical. */
const neverCritical: readonly string[] = [
  extension.subjectKeyIdentifier,
  extension.authorityKeyIdentifier,
  extension.authorityInfoAccess,
];

/**
 * Promises of a CT log (RFC 6962 §3.3), and addresses and networks (RFC 3779). sigstore-go reads them in an
 * issuing CA by the reader of ct_server, and passes over a CA in which it finds one amiss. No CA of a Sigstore
 * has them, so none is read here.
 */
const foreign = ['1.3.6.1.4.1.11129.2.4.2', '1.3.6.1.5.5.7.1.7', '1.3.6.1.5.5.7.1.8'];

/** @throws {PkiError} Where the value of an extension is not what it should be. */
export function checkExtensions({ extensions }: Form): void {
  for (const [oid, { critical, value }] of extensions) {
    if (foreign.includes(oid)) throw odd(`its extension ${oid} is not for a CA of Sigstore's`);
    if (critical && neverCritical.includes(oid)) throw odd(`its extension ${oid} is critical`);
    if (!holds(() => (forms[oid] ?? (() => true))(value))) throw malformed(oid);
  }
}

function holds(check: () => unknown): boolean {
  try {
    return check() !== false;
  } catch {
    return false;
  }
}

/** Extensions that are critical and that Go does not act on: no chain with one of them verifies. */
export function unknownCritical({ extensions }: Form): string[] {
  return [...extensions].flatMap(([oid, one]) => (one.critical && !isKnown(oid, one) ? [oid] : []));
}

function isKnown(oid: string, { value }: Extension): boolean {
  if (oid === extension.nameConstraints) return nameConstraints(value).known;
  // Names of no kind that Go knows are as good as none.
  if (oid === extension.subjectAltName) {
    return within(value).some((name) => [0x81, 0x82, 0x86, 0x87].includes(name.tag));
  }
  return oid !== extension.subjectInfoAccess && forms[oid] !== undefined;
}

/** BasicConstraints (RFC 5280 §4.2.1.9): FALSE where it says nothing. */
export function readBasicConstraints(value: Element): {
  ca: boolean;
  pathLength: number | undefined;
} {
  const parts = within(value);
  const [first] = parts;
  const ca = first?.tag === tag.boolean;
  const [limit, ...more] = ca ? parts.slice(1) : parts;
  const length = limit && integerOf(limit);
  if (more.length > 0 || !isSmall(length ?? 0n)) throw malformed(extension.basicConstraints);
  return {
    ca: ca && booleanOf(first),
    pathLength: length === undefined ? undefined : Number(length),
  };
}

function isSmall(number: bigint): boolean {
  return number >= 0n && number < 2n ** 31n;
}

/** A point's name, where it has one, has to be a full one: Go reads no relative names. */
function isDistributionPoint(point: Element): boolean {
  const [name] = within(point);
  if (name?.tag !== 0xa0) return true;
  const [full] = elements(name.content);
  return full?.tag === 0xa0 && elements(full.content).length > 0;
}

function arePolicies(value: Element): boolean {
  const policies = within(value).map((policy) => oidOf(within(policy)[0]));
  return new Set(policies).size === policies.length;
}

function arePolicyConstraints(value: Element): boolean {
  return within(value).every(
    ({ tag, content }) => [0x80, 0x81].includes(tag) && isSmall(integer(content)),
  );
}

function areAccesses(value: Element): boolean {
  const all = within(value);
  return all.length > 0 && all.every(isAccess);
}

function isAccess(description: Element): boolean {
  const [method, location] = within(description);
  return oidOf(method) !== '' && location !== undefined;
}
