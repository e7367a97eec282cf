import { certificate } from './certificate.ts';

/** An issuer of each type, with all that its type has. */
export const issuers = [
  { url: 'https://gitlab.com', type: 'gitlab' },
  {
    url: 'https://dex.example.com',
    type: 'email',
    clientId: 'sign-in',
    issuerClaim: '$.federated_claims.connector_id',
  },
  {
    url: 'https://keycloak.example.com:8443/realms/staff',
    type: 'email',
    podPort: 9443,
    unverified: true,
    ca: `From a file with more in it.\n${certificate}${certificate}`,
  },
  {
    url: 'https://github.example.com/_services/token',
    type: 'github-actions',
    web: 'https://github.example.com',
  },
  { url: 'https://10.0.0.1:6443', type: 'kubernetes', ca: certificate.replaceAll('\n', '\r\n') },
  { url: 'https://spire.example.com', type: 'spiffe', trustDomain: 'prod_1.example.com' },
  {
    url: 'https://accounts.example.com',
    type: 'uri',
    subjectDomain: 'https://users.example.com',
  },
  { url: 'https://people.example.com/', type: 'username', subjectDomain: 'example.com' },
  {
    url: 'https://jenkins.example.com/oidc',
    type: 'ci',
    subject: '{{ .jenkins }}/{{index . "job/name"}}',
    defaults: { jenkins: 'https://jenkins.example.com' },
    extensions: { 'build-trigger': 'cause', 'run-invocation-uri': '{{ .jenkins }}/{{.run}}' },
  },
] as const;
