/* Realms as Keycloak's exports have them; the clients that docs/issuers.md has come later, by an administrator. */

const person = (address: string, password: string, emailVerified = true) => ({
  ...{ username: address, email: address, emailVerified, enabled: true },
  ...{ firstName: 'A', lastName: 'Person' },
  credentials: [{ type: 'password', value: password }],
});

const mapper = (name: string, protocolMapper: string, config: object) => ({
  ...{ name, protocolMapper, protocol: 'openid-connect' },
  config: { 'access.token.claim': 'true', ...config },
});
const audience = mapper('sigstore', 'oidc-audience-mapper', {
  'included.custom.audience': 'sigstore',
});

/** A client that has a service account. */
const program = (clientId: string, more: object = {}) => ({
  ...{ clientId, secret: `of ${clientId}`, serviceAccountsEnabled: true },
  ...{ standardFlowEnabled: false, fullScopeAllowed: false },
  ...{ defaultClientScopes: ['basic', 'service_account'], protocolMappers: [audience], ...more },
});

const account = (serviceAccountClientId: string, more: object) => ({
  ...{ username: `service-account-${serviceAccountClientId}`, enabled: true },
  ...{ serviceAccountClientId, ...more },
});

const realm = (name: string, clients: readonly object[], users: readonly object[] = []) => ({
  ...{ realm: name, enabled: true, clients, users },
});

export const realms = [
  realm(
    'staff',
    [
      program('bot', { defaultClientScopes: ['basic', 'email'] }),
      // With all that Keycloak gives a client by itself.
      {
        ...{ clientId: 'portal', publicClient: true },
        attributes: { 'oauth2.device.authorization.grant.enabled': 'true' },
      },
    ],
    [
      // Chromium types one password, and the program that logs in by forms the address.
      person('ada@example.com', 'any'),
      person('eve@example.com', 'eve@example.com'),
      person('new@example.com', 'new@example.com', false),
      account('bot', { email: 'bot@example.com', emailVerified: true }),
    ],
  ),
  realm(
    'pipelines',
    [
      program('brief', { attributes: { 'access.token.lifespan': '1' } }),
      {
        ...{ clientId: 'desk', publicClient: true, directAccessGrantsEnabled: true },
        protocolMappers: [audience],
      },
    ],
    [person('eve@example.com', 'eve@example.com')],
  ),
  realm('robots', [
    program('deploy', {
      protocolMappers: [
        audience,
        mapper('sub', 'oidc-hardcoded-claim-mapper', {
          ...{ 'claim.name': 'sub', 'claim.value': 'https://robots.idp.svc/deploy' },
          'jsonType.label': 'String',
        }),
      ],
    }),
  ]),
  realm(
    'services',
    [program('backup')],
    [account('backup', { id: 'b0b0b0b0-0000-4000-8000-000000000001' })],
  ),
  realm('partners', [program('release')]),
];
