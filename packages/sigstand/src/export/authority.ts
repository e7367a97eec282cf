import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { JobError } from '@sigstand/job/errors';
import { utf8 } from '@sigstand/pki/pem';
import { bytesAt } from './folder.ts';

/** Under which name the folder has it. */
export const authorityFile = 'ca.pem';

const blocks = /-----BEGIN ([^-]+)-----[^-]+-----END \1-----/g;

/**
 * The certificates of the services' own TLS that no client trusts by itself, as PEM; what stands around them is left out.
 *
 * @throws {JobError} data, where the file has none, or something else besides.
 */
export async function authorityAt(from: string, path: string): Promise<Uint8Array> {
  const place = `--ca ${path}`;
  const bytes = await bytesAt(resolve(from, path));
  if (bytes === undefined) throw refused(`${place}: there is no such file`);
  const found = [...Buffer.from(bytes).toString('latin1').matchAll(blocks)];
  const others = found.filter(([, label]) => label !== 'CERTIFICATE');
  if (others.length > 0) throw refused(`${place} holds a ${others[0]?.[1]}`);
  if (found.length === 0) throw refused(`${place} holds no certificate in PEM`);
  for (const [index, [block]] of found.entries()) {
    if (!isCertificate(block)) throw refused(`${place}: certificate ${index + 1} cannot be read`);
  }
  return utf8(found.map(([block]) => `${block}\n`).join(''));
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function refused(message: string): JobError {
  return new JobError('data', message, {
    hint: 'give the certificates of the CA that signed those of the services, and nothing else; nothing was written',
  });
}

/** What has each client trust them, in the words of a shell. */
export function authorityVariables(): string {
  return `export SIGSTAND_CA=$SIGSTAND_TRUST/${authorityFile}
# Go adds it to the folder of roots that Linux has, Node to its own roots; Python has this alone.
export SSL_CERT_FILE=$SIGSTAND_CA NODE_EXTRA_CA_CERTS=$SIGSTAND_CA REQUESTS_CA_BUNDLE=$SIGSTAND_CA
`;
}
