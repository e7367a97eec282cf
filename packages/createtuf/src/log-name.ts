import { createHash } from 'node:crypto';
import { spki } from '@sigstand/pki/keys';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { Material } from './material.ts';
import { publishedTargets, type Repository } from './repository.ts';

/**
 * What to tell where Rekor's log is published under another name than it signs with: then sigstore-js
 * and sigstore-java refuse every entry. A published log keeps its `baseUrl`, so only a repository from
 * before the name was recorded can be so.
 */
export function logNameWarnings(published: Repository, { rekor }: Material): string[] {
  if (rekor?.hostname === undefined) return [];
  const document = publishedTargets(published).find(({ name }) => name === 'trusted_root.json');
  const { tlogs } = TrustedRoot.fromJSON(JSON.parse(Buffer.from(document?.bytes ?? []).toString()));
  const id = createHash('sha256').update(spki(rekor.key)).digest();
  const baseUrl = tlogs.find(({ logId }) => logId?.keyId.equals(id))?.baseUrl ?? '';
  if (URL.parse(baseUrl)?.hostname === rekor.hostname) return [];
  return [
    `Rekor's log is published as ${baseUrl} and recorded to sign as ${rekor.hostname}: sigstore-js ` +
      'and sigstore-java refuse its entries. Where the record is right, run createtuf once with ' +
      "--correct-log-url; where it is wrong, correct key hostname of Rekor's public Secrets",
  ];
}
