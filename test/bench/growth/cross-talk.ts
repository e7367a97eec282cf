import { createPublicKey, X509Certificate } from 'node:crypto';
import { dataOf } from '../../faults/checker.ts';
import type { StoredObject } from '../../faults/history.ts';
import { pairFaults } from '../../faults/pairs.ts';
import { stackRecords } from './stack-manifests.ts';

/** The Secrets and ConfigMaps of one stack among others. */
export interface StackObjects {
  readonly name: string;
  readonly objects: readonly StoredObject[];
}

/**
 * What one stack has of another, or has not of its own: each public object must follow from the stack's own private keys,
 * each TUF repository trust these and no others, and no key, password or tree be in two stacks.
 */
export function crossTalk(stacks: readonly StackObjects[]): string[] {
  const within = stacks.flatMap((stack) =>
    [...missing(stack), ...pairFaults(stack.objects), ...foreignTrust(stack)].map(
      (fault) => `${stack.name}: ${fault}`,
    ),
  );
  return [...within, ...shared(stacks)];
}

const base = (namespace: string) => namespace.replace(/-.*/, '');

function missing({ objects }: StackObjects): string[] {
  const there = objects.map(
    ({ kind, metadata }) => `${kind} ${base(metadata.namespace)}/${metadata.name}`,
  );
  return stackRecords.filter((record) => !there.includes(record)).map((one) => `${one} is missing`);
}

function valuesOf({ objects }: StackObjects, place: string): Record<string, Buffer> {
  const found = objects.find(
    ({ metadata }) => `${base(metadata.namespace)}/${metadata.name}` === place,
  );
  const entries = Object.entries(found ? dataOf(found) : {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

/** What the repository lets clients trust, beside what the stack's own Jobs made. */
function foreignTrust(stack: StackObjects): string[] {
  const files = valuesOf(stack, 'tuf/tuf-repository');
  const roots = Object.keys(files).filter((name) => name.endsWith('trusted_root.json'));
  if (roots.length === 0) return ['its repository has no trusted_root.json'];
  const own = new Set([
    publicBytes(valuesOf(stack, 'rekor/rekor-pub-key').public),
    publicBytes(valuesOf(stack, 'ctlog/ctlog-public-key').public),
    ...certificateBytes(valuesOf(stack, 'fulcio/fulcio-pub-key').cert),
    ...certificateBytes(valuesOf(stack, 'tsa/tsa-cert-chain')['cert-chain']),
  ]);
  return roots.flatMap((name) => {
    const trusted = new Set(String(files[name]).match(/(?<="rawBytes": *")[^"]+/g) ?? []);
    const foreign = [...trusted].filter((one) => !own.has(one)).length;
    const lost = [...own].filter((one) => !trusted.has(one)).length;
    return [
      ...(foreign > 0
        ? [`${name} trusts ${foreign} keys or certificates that are not its own`]
        : []),
      ...(lost > 0 ? [`${name} lacks ${lost} of its own`] : []),
    ];
  });
}

function publicBytes(pem: Buffer | undefined): string {
  const der = createPublicKey(pem ?? '').export({ type: 'spki', format: 'der' });
  return der.toString('base64');
}

function certificateBytes(pem: Buffer | undefined): string[] {
  const blocks =
    String(pem).match(/-----BEGIN CERTIFICATE[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).raw.toString('base64'));
}

// A private key under a password is another text each time; its public half is what tells.
const unique: readonly (readonly [place: string, ...keys: string[]])[] = [
  ['trillian/trillian-mysql', 'password', 'root-password'],
  ['rekor/rekor-pub-key', 'public'],
  ['fulcio/fulcio-pub-key', 'public', 'cert'],
  ['ctlog/ctlog-public-key', 'public'],
  ['tsa/tsa-cert-chain', 'cert-chain'],
  ['tuf/tuf-keys', 'root', 'targets', 'snapshot', 'timestamp'],
  ['rekor/rekor-config', 'treeID'],
  ['ctlog/ctlog-config', 'treeID'],
];

/** What is in two places at once. */
function shared(stacks: readonly StackObjects[]): string[] {
  const holders = new Map<string, string>();
  const found: string[] = [];
  for (const stack of stacks) {
    for (const [place, ...keys] of unique) {
      const values = valuesOf(stack, place);
      for (const key of keys) {
        const here = `${stack.name}: ${place} ${key}`;
        const value = String(values[key]?.toString('base64'));
        const other = holders.get(value);
        if (other) found.push(`${here} is the same as ${other}`);
        holders.set(value, here);
      }
    }
  }
  return found;
}
