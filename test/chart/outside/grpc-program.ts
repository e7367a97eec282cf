// grpc-program.ts HOST CA: asks Fulcio for a certificate by gRPC over TLS, with the token in $TOKEN, and prints how many came
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [host = '', ca = ''] = process.argv.slice(2);
const token = process.env.TOKEN ?? '';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const request = {
  credentials: { oidc_identity_token: token },
  public_key_request: {
    public_key: { content: publicKey.export({ type: 'spki', format: 'pem' }) },
    proof_of_possession: sign('sha256', Buffer.from(sub), privateKey),
  },
};

const definition = loadSync(join(import.meta.dirname, 'fulcio.proto'), { keepCase: true });
// biome-ignore lint/suspicious/noExplicitAny: made of the file beside this one
const { CA } = (loadPackageDefinition(definition) as any).dev.sigstore.fulcio.v2;
const client = new CA(`${host}:443`, credentials.createSsl(readFileSync(ca)));
client.CreateSigningCertificate(
  request,
  { deadline: Date.now() + 20_000 },
  (
    error: Error | null,
    answer?: { signed_certificate_embedded_sct?: { chain: { certificates: string[] } } },
  ) => {
    if (error) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    } else {
      const { length } = answer?.signed_certificate_embedded_sct?.chain.certificates ?? [];
      process.stdout.write(`${length}\n`);
    }
    client.close();
  },
);
