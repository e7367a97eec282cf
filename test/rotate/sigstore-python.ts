import { type Client, mirror, type Seat } from '../cluster/clients/client.ts';
import { identityOf, issuer } from '../cluster/cosign.ts';
import { binary } from '../programs/binaries.ts';

/** sigstore-python, which has a TUF client of its own; it keeps what it trusts below its home. */
export const sigstorePython = {
  name: 'sigstore-python',
  verified: /^OK: /m,
  initialise: (seat) => run(seat, ['trust-instance', seat.start.rootJson]),
  verify: (seat, { blob, bundle }) =>
    run(seat, [
      ...['verify', 'identity', '--bundle', bundle],
      ...['--cert-identity', identityOf('default'), '--cert-oidc-issuer', issuer, blob],
    ]),
  sign: (seat, { blob, bundle }, { SIGSTORE_ID_TOKEN: token }) =>
    run(seat, ['sign', '--bundle', bundle, blob], { SIGSTORE_IDENTITY_TOKEN: token }),
} satisfies Omit<Client, 'library'>;

const run = ({ home, network }: Seat, args: readonly string[], env = {}) =>
  network([binary('sigstore-python'), '--instance', mirror, ...args], { home, env });
