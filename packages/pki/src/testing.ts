import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs openssl, whose keys and certificates are the foreign ones in tests; throws where it fails. */
export function openssl(args: readonly string[], input: Uint8Array | string = ''): Buffer {
  return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Calls `use` with a folder that holds the files, and removes it. */
export function withFiles<T>(
  files: Readonly<Record<string, Uint8Array | string>>,
  use: (path: (name: string) => string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-pki-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return use((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A certificate and its key, in PEM. */
export interface Foreign {
  readonly certificate: Buffer;
  /** Unencrypted PKCS #8. */
  readonly key: Buffer;
}

/** Extensions of a CA in openssl's notation. */
export const caExtensions = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign,cRLSign',
];

/** A certificate that openssl makes, as users bring them. */
export function opensslCertificate({
  subject,
  extensions,
  issuer,
  key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
}: {
  subject: string;
  extensions: readonly string[];
  issuer?: Foreign;
  key?: readonly string[];
}): Foreign {
  const files = {
    // Without openssl.cnf of the machine, which adds extensions of its own.
    config: '[req]\ndistinguished_name=name\n[name]\n',
    issuer: issuer?.certificate ?? '',
    issuerKey: issuer?.key ?? '',
  };
  return withFiles(files, (path) => {
    openssl([
      ...['req', '-x509', '-nodes', '-days', '3650', '-config', path('config'), '-subj', subject],
      ...key,
      ...extensions.flatMap((extension) => ['-addext', extension]),
      ...(issuer ? ['-CA', path('issuer'), '-CAkey', path('issuerKey')] : []),
      ...['-keyout', path('key'), '-out', path('certificate')],
    ]);
    return {
      certificate: readFileSync(path('certificate')),
      key: readFileSync(path('key')),
    };
  });
}
