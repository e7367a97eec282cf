import {
  bitsOf,
  booleanOf,
  contentOf,
  type Element,
  integerOf,
  oidOf,
  only,
  tag,
  within,
} from './der.ts';
import { malformed, odd } from './error.ts';
import { checkSpki } from './spki.ts';
import { checkName, checkTime } from './x509-names.ts';

/*
 * The form of a certificate (RFC 5280 §4.1), asked for as strictly as Go's crypto/x509 asks, or more so: all
 * servers and most clients of Sigstore read by that, and one certificate which it refuses makes sigstore-go
 * refuse a whole trusted_root.json. OpenSSL, by which Node reads, takes much more.
 */

/** What is told of a certificate here, and not by Node. */
export interface Form {
  /** The octets of the names: Go compares these, where OpenSSL overlooks case and blanks. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  /** AlgorithmIdentifier of its signature: the OID, and the parameters as they stand. */
  readonly signature: { readonly oid: string; readonly parameters: Uint8Array };
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** One extension: its value is the element in its OCTET STRING. */
export interface Extension {
  readonly critical: boolean;
  readonly value: Element;
}

/** Context-specific tags of TBSCertificate (RFC 5280 §4.1). */
const version = 0xa0;
const extensionList = 0xa3;
const uniqueIds = [0x81, 0x82];

/** @throws {PkiError} Where it is no such certificate. */
export function readForm(der: Uint8Array): Form {
  const [signed, algorithm, signature, ...more] = within(only(der));
  const parts = within(signed);
  const [number] = parts;
  const hasVersion = number?.tag === version;
  const [serial, inner, issuer, validity, subject, key, ...rest] = hasVersion
    ? parts.slice(1)
    : parts;
  bitsOf(signature);
  if (more.length > 0) throw odd('there is something behind its signature');
  // Version 3 has extensions; version 1, which is not written, has none. Nobody issues version 2.
  if (hasVersion ? integerOf(only(number.content)) !== 2n : rest.length > 0) {
    throw odd('it is neither of version 1 nor of version 3');
  }
  if (integerOf(serial) < 0n) throw odd('its serial number is negative');
  if (!algorithm || !inner || Buffer.compare(algorithm.raw, inner.raw) !== 0) {
    throw odd('it names two signature algorithms');
  }
  checkName(issuer);
  checkName(subject);
  const times = within(validity);
  if (times.length !== 2) throw odd('it has no validity');
  times.forEach(checkTime);
  checkSpki(key);
  const [id, ...parameters] = within(algorithm);
  return {
    subject: subject?.raw ?? new Uint8Array(),
    issuer: issuer?.raw ?? new Uint8Array(),
    signature: { oid: oidOf(id), parameters: Buffer.concat(parameters.map(({ raw }) => raw)) },
    extensions: extensionsIn(rest),
  };
}

function extensionsIn(rest: readonly Element[]): Map<string, Extension> {
  const [list, ...others] = rest.filter((one) => !uniqueIds.includes(one.tag));
  const found = new Map<string, Extension>();
  if (list === undefined) return found;
  if (others.length > 0) throw odd('there is something behind its extensions');
  for (const one of within(only(contentOf(list, extensionList)))) {
    const [id, ...parts] = within(one);
    const [value, ...more] = parts[0]?.tag === tag.boolean ? parts.slice(1) : parts;
    const oid = oidOf(id);
    if (found.has(oid)) throw odd(`it has the extension ${oid} twice`);
    if (more.length > 0) throw odd(`there is something behind its extension ${oid}`);
    found.set(oid, {
      critical: parts[0]?.tag === tag.boolean && booleanOf(parts[0]),
      value: valueIn(oid, contentOf(value, tag.octets)),
    });
  }
  return found;
}

function valueIn(oid: string, octets: Uint8Array): Element {
  try {
    return only(octets);
  } catch {
    // Who makes an extension of his own may put in it what he likes.
    if (!/^(2\.5\.29|1\.3\.6\.1)\./.test(oid)) return { tag: 0, content: octets, raw: octets };
    throw malformed(oid);
  }
}
