import { openssl, withFiles } from '@sigstand/pki/testing';
import type { Rig } from '../../cluster/rig.ts';

/** What Fulcio answers to a token, and what it logs of it, without a client that looks at the token first. */
export async function askFulcio(cluster: Rig, token: string) {
  const config = '[req]\ndistinguished_name=name\n[name]\n';
  const csr = withFiles({ config }, (path) =>
    openssl([
      ...['req', '-new', '-nodes', '-config', path('config'), '-subj', '/CN=somebody'],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', path('key')],
    ]),
  );
  const asked = JSON.stringify({
    credentials: { oidcIdentityToken: token },
    certificateSigningRequest: csr.toString('base64'),
  });
  const url = 'http://fulcio.fulcio-system.svc/api/v2/signingCert';
  const type = ['-H', 'content-type: application/json'];
  const before = await logOf(cluster);
  const answer = await cluster.mustExec(['curl', '-sS', ...type, '--data-binary', '@-', url], {
    input: asked,
  });
  const told = JSON.parse(answer);
  const [leaf] = told.signedCertificateEmbeddedSct?.chain.certificates ?? [];
  return {
    /** The certificate, in PEM. */
    leaf: leaf as string | undefined,
    said: answer,
    logged: (await logOf(cluster)).slice(before.length),
  };
}

const logOf = (cluster: Rig) =>
  cluster.kubectl('logs', '-n', 'fulcio-system', 'deployment/fulcio', '-c', 'fulcio');
