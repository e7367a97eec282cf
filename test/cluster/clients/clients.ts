import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from '../../programs/binaries.ts';
import { identityOf, issuer } from '../cosign.ts';
import { type Client, mirror, type Seat, type Signature } from './client.ts';

const identity = identityOf('default');
const services = {
  fulcio: 'http://fulcio.fulcio-system.svc',
  rekor: 'http://rekor.rekor-system.svc',
  tsa: 'http://tsa.tsa-system.svc/api/v1/timestamp',
};

/** Without a timestamp by the TSA, the log's own time of an entry is enough for cosign. */
const cosignLacks = ({ without }: Seat) => [
  ...(without === 'tsa' ? [] : ['--use-signed-timestamps']),
  ...(without === 'ctlog' ? ['--insecure-ignore-sct'] : []),
];

/** cosign, of one of its major versions. */
function cosign(name: 'cosign3' | 'cosign2'): Client {
  // cosign 3 takes the services' addresses from the TUF repository, and new bundles for granted.
  const format = name === 'cosign3' ? [] : ['--new-bundle-format'];
  const told = (fulcio: string) => [
    `--fulcio-url=${fulcio}`,
    `--rekor-url=${services.rekor}`,
    `--timestamp-server-url=${services.tsa}`,
  ];
  const run = ({ home, network }: Seat, args: readonly string[], env = {}) =>
    network([binary(name), ...args], { home, env });
  return {
    name,
    library: 'go',
    verified: /^Verified OK$/m,
    initialise: (seat) =>
      run(seat, ['initialize', '--mirror', mirror, '--root', seat.start.rootJson]),
    verify: (seat, { blob, bundle }) =>
      run(seat, [
        ...['verify-blob', ...format, '--bundle', bundle, ...cosignLacks(seat)],
        ...['--certificate-identity', identity, '--certificate-oidc-issuer', issuer, blob],
      ]),
    sign: (seat, { blob, bundle }, token, fulcio = services.fulcio) => {
      const where = name === 'cosign3' ? [] : told(fulcio);
      return run(
        seat,
        ['sign-blob', '--yes', ...format, ...where, '--bundle', bundle, blob],
        token,
      );
    },
  };
}

/** sigstore-go's own verifier. It has one command, which is given the first root every time and follows from there. */
function sigstoreGo(): Client {
  const verify: Client['verify'] = ({ home, network, start, without }, { blob, bundle }) =>
    network(
      [
        ...[binary('sigstore-go-verification'), '-tufRootURL', mirror],
        ...['-tufTrustedRoot', start.rootJson, '-artifact', blob],
        `-requireCTlog=${without !== 'ctlog'}`,
        ...['-expectedIssuer', issuer, '-expectedSAN', identity, bundle],
      ],
      { home },
    );
  const verified = /^Verification successful!$/m;
  return { name: 'sigstore-go', library: 'go', verified, initialise: verify, verify };
}

const program = (name: string) => [process.execPath, join(import.meta.dirname, name)];

/** sigstore-js: `@sigstore/tuf` to begin with, `sigstore` to verify and sign. */
function sigstoreJs(): Client {
  const run = ({ home, network, start }: Seat, verb: string, args: string[], env = {}) =>
    network([...program('sigstore-js-program.ts'), verb, mirror, start.rootJson, ...args], {
      home,
      env,
    });
  return {
    name: 'sigstore-js',
    library: 'js',
    verified: /^Verified OK$/m,
    initialise: (seat) => run(seat, 'initialise', []),
    verify: (seat, { blob, bundle }) =>
      run(seat, 'verify', [
        ...[blob, bundle, issuer, identity],
        ...(seat.without === 'ctlog' ? ['0'] : []),
      ]),
    sign: (seat, { blob, bundle }, token) => run(seat, 'sign', [blob, bundle], token),
  };
}

/** Brings the metadata up to date with tuf-js and fetches one target. */
const fetchTarget = ({ home, network, start }: Seat, target: string) =>
  network([...program('tuf-js-program.ts'), mirror, start.rootJson, target], { home });

/** tuf-js alone. It knows nothing of signatures: cosign 3 verifies, with the trusted_root.json that it fetched. */
function tufJs(): Client {
  return {
    name: 'tuf-js',
    library: 'js',
    verified: /^Verified OK$/m,
    initialise: (seat) => fetchTarget(seat, 'trusted_root.json'),
    async verify(seat, { blob, bundle }) {
      const fetched = await fetchTarget(seat, 'trusted_root.json');
      if (fetched.status !== 0) return fetched;
      return seat.network(
        [
          ...[binary('cosign3'), 'verify-blob', '--trusted-root', fetched.stdout.trim()],
          ...['--bundle', bundle, ...cosignLacks(seat)],
          ...['--certificate-identity', identity, '--certificate-oidc-issuer', issuer, blob],
        ],
        { home: seat.home },
      );
    },
  };
}

/**
 * rekor-cli. It has no TUF client: left alone it asks the log itself for the key that the log is checked
 * with. So tuf-js fetches rekor.pub for it. It verifies that the log has this blob's entry, included
 * under a checkpoint by that key; Fulcio, the CT log and timestamps are nothing to it.
 */
function rekorCli(): Client {
  return {
    name: 'rekor-cli',
    library: 'js',
    // Both of them, where the entry's path leads to the root of the tree.
    verified: /^Computed Root Hash: ([0-9a-f]{64})\nExpected Root Hash: \1$/m,
    initialise: (seat) => fetchTarget(seat, 'rekor.pub'),
    async verify(seat, signature) {
      const fetched = await fetchTarget(seat, 'rekor.pub');
      if (fetched.status !== 0) return fetched;
      const key = await readFile(fetched.stdout.trim(), 'utf8');
      return askRekor(seat, signature, key);
    },
  };
}

/** rekor-cli with a key for the log that came from somewhere. */
export async function askRekor({ home, network }: Seat, signed: Signature, key: string) {
  const { signature, certificate } = await partsOf(signed);
  return network(
    [
      ...[binary('rekor-cli'), 'verify', '--rekor_server', services.rekor],
      ...['--artifact', signed.blob, '--signature', signature, '--public-key', certificate],
    ],
    // The setting has no flag; rekor-cli puts REKOR_ before the name of each.
    { home, env: { REKOR_REKOR_SERVER_PUBLIC_KEY: key } },
  );
}

/** Signature and certificate of a bundle as files of their own, which older tools ask for. */
async function partsOf({ bundle }: Signature) {
  const { messageSignature, verificationMaterial } = JSON.parse(await readFile(bundle, 'utf8'));
  // sigstore-js still writes the older form.
  const { certificate, x509CertificateChain } = verificationMaterial;
  const encoded: string = (certificate ?? x509CertificateChain.certificates[0]).rawBytes;
  const lines = encoded.match(/.{1,64}/g)?.join('\n');
  const paths = { signature: `${bundle}.sig`, certificate: `${bundle}.pem` };
  await writeFile(paths.signature, Buffer.from(messageSignature.signature, 'base64'));
  await writeFile(
    paths.certificate,
    `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  );
  return paths;
}

/** Every client, each from its own ordinary distribution. */
export const clients: readonly Client[] = [
  cosign('cosign3'),
  cosign('cosign2'),
  sigstoreGo(),
  sigstoreJs(),
  tufJs(),
  rekorCli(),
];

/** @throws {Error} Where there is no client of that name. */
export function named(name: string): Client {
  const client = clients.find((one) => one.name === name);
  if (client === undefined) throw new Error(`there is no client ${name}`);
  return client;
}
