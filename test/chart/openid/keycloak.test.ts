import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig } from '../../cluster/rig.ts';
import { askFulcio } from './fulcio.ts';
import { type Client, type Ground, openGround } from './ground.ts';
import { administrator, keycloakWith, makeClient, realmUrl, tokenByPage } from './keycloak.ts';
import { realms } from './keycloak-realms.ts';
import { certificateIn, logIn, type Signer, signerAt } from './signer.ts';

/* A real Keycloak, whose CA nobody else knows: people of a realm sign, and programs that have service accounts there. */

const cluster = rig(process.env.RIG ?? 'test');
let ground: Ground;
let client: Client;
let signer: Signer;
let admin: (command: string) => Promise<string>;

const staff = realmUrl('staff');
const pipelines = realmUrl('pipelines');

beforeAll(async () => {
  ground = await openGround(cluster, keycloakWith(realms));
  admin = await administrator(cluster, ground.folder);
  await makeClient(admin, 'staff', 'sigstore');
  await makeClient(admin, 'pipelines', 'release');
  const issuer = (realm: string, more: object) => ({
    ...{ url: realmUrl(realm), podPort: 8443, ca: ground.ca },
    ...more,
  });
  await ground.install({
    issuers: [
      issuer('staff', { type: 'email' }),
      issuer('pipelines', { type: 'ci', subject: `${pipelines}/clients/{{ .client_id }}` }),
      issuer('robots', { type: 'uri', subjectDomain: 'https://robots.idp.svc' }),
      issuer('services', { type: 'username', subjectDomain: 'idp.svc' }),
    ],
  });
  client = await ground.client();
  signer = await signerAt(cluster, ground, client);
});
afterAll(async () => {
  await client?.remove();
  await ground?.close();
});

interface Tokens {
  readonly access_token: string;
  readonly id_token?: string;
}

async function post<T>(url: string, fields: Readonly<Record<string, string>>): Promise<T> {
  const data = Object.entries(fields).flatMap((field) => ['--data-urlencode', field.join('=')]);
  const ca = `${ground.folder}/ca.pem`;
  return JSON.parse(await cluster.mustExec(['curl', '-sS', '--cacert', ca, ...data, url])) as T;
}

const tokens = (realm: string, fields: Readonly<Record<string, string>>) =>
  post<Tokens>(`${realmUrl(realm)}/protocol/openid-connect/token`, fields);

async function secretOf(realm: string, name: string): Promise<string> {
  const asked = ['get', 'clients', '-r', realm, '-q', `clientId=${name}`, '--fields', 'secret'];
  const [{ secret }] = JSON.parse(await admin(`kcadm.sh ${asked.join(' ')}`));
  return secret;
}

/** What a program gets that has a client of a realm. */
async function programs(realm: string, name: string, more = {}): Promise<Tokens> {
  const client_secret = await secretOf(realm, name);
  const fields = { grant_type: 'client_credentials', client_id: name, client_secret };
  return tokens(realm, { ...fields, ...more });
}

/** What a person gets who types the code of a device, for a client. */
async function persons(address: string, name: string): Promise<Tokens> {
  const device = await post<Record<string, string>>(
    `${staff}/protocol/openid-connect/auth/device`,
    { client_id: name, scope: 'openid email', ...pkce.challenge },
  );
  await logIn(cluster, ground, address, device.verification_uri_complete!);
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
  const { device_code = '' } = device;
  return tokens('staff', { grant_type, client_id: name, device_code, ...pkce.verifier });
}
/** Of RFC 7636, appendix B. */
const pkce = {
  challenge: {
    code_challenge_method: 'S256',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  },
  verifier: { code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' },
};

const partsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
const claimsOf = (token: string) => partsOf(token)[1] as Record<string, unknown>;
const keyOf = (token: string) => (partsOf(token)[0] as { kid: string }).kid;

describe('a person with an account in a realm', () => {
  it.each([
    ['ada@example.com', 'chromium'],
    ['eve@example.com', 'forms'],
  ] as const)('logs in at Keycloak’s page, and signs: %s, by %s', async (address, by) => {
    const made = await signer.byBrowser(address, by);
    const page = `${staff}/protocol/openid-connect/auth?`;
    expect(made).toMatchObject({ status: 0, said: expect.stringContaining(page) });
    const { subjectAltName } = await certificateIn(made);
    expect(subjectAltName).toBe(`email:${address}`);
    expect(await signer.verify(made, address, staff)).toMatchObject({ status: 0 });
    expect(await signer.verify(made, address, pipelines)).toMatchObject({ status: 1 });
    const other = await signer.verify(made, 'mallory@example.com', staff);
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining(address) });
  });

  it('types a code where cosign has no terminal', async () => {
    const made = await signer.byCode('eve@example.com');
    expect(made).toMatchObject({ status: 0, said: expect.stringContaining(`${staff}/device`) });
    expect(await signer.verify(made, 'eve@example.com', staff)).toMatchObject({ status: 0 });
  });

  it('is refused with an address that is not verified: by cosign, and by Fulcio', async () => {
    const made = await signer.byBrowser('new@example.com', 'forms');
    expect(made).toMatchObject({ status: 1, said: expect.stringContaining('not verified by') });
    const { id_token: token = '' } = await persons('new@example.com', 'sigstore');
    expect(claimsOf(token)).toMatchObject({ email: 'new@example.com', email_verified: false });
    const { leaf, logged } = await askFulcio(cluster, token);
    expect(leaf).toBeUndefined();
    expect(logged).toContain('email_verified claim was false');
  });
});

describe('a program with a service account', () => {
  it.each([
    ['pipelines', 'release', `${pipelines}/clients/release`],
    ['robots', 'deploy', 'https://robots.idp.svc/deploy'],
    ['services', 'backup', 'b0b0b0b0-0000-4000-8000-000000000001!idp.svc'],
    ['staff', 'bot', 'bot@example.com'],
  ] as const)('signs by its access token: realm %s, client %s', async (realm, name, identity) => {
    const { access_token } = await programs(realm, name);
    expect(claimsOf(access_token)).toMatchObject({ aud: 'sigstore' });
    const made = await signer.byToken(access_token);
    expect(made).toMatchObject({ status: 0 });
    expect(await signer.verify(made, identity, realmUrl(realm))).toMatchObject({ status: 0 });
    expect(await signer.verify(made, `${identity}x`, realmUrl(realm))).toMatchObject({ status: 1 });
  });
});

it('the page’s words get a program its token', async () => {
  const secret = await secretOf('pipelines', 'release');
  const token = await tokenByPage(cluster, `${ground.folder}/ca.pem`, secret);
  expect(claimsOf(token)).toMatchObject({ aud: 'sigstore', client_id: 'release' });
  expect(await signer.byToken(token)).toMatchObject({ status: 0 });
});

describe('a token is refused, with a reason,', () => {
  async function refused(token: string | undefined, why: string, said = everybodysWords) {
    const answer = await askFulcio(cluster, token ?? '');
    expect(answer).toEqual({
      leaf: undefined,
      said: expect.stringContaining(said),
      logged: expect.stringContaining(why),
    });
  }
  const everybodysWords = 'There was an error processing the identity token';

  it('that another client was given', async () => {
    const { id_token } = await persons('eve@example.com', 'portal');
    await refused(id_token, 'expected audience \\"sigstore\\" got [\\"portal\\"]');
  });

  it('that is a person’s access token: it is for nobody', async () => {
    const { access_token } = await persons('eve@example.com', 'sigstore');
    await refused(access_token, 'expected audience \\"sigstore\\" got []');
  });

  it('that is a program’s ID token, without a mapper for it', async () => {
    const { id_token } = await programs('pipelines', 'release', { scope: 'openid' });
    await refused(id_token, 'expected audience \\"sigstore\\" got [\\"release\\"]');
  });

  it('that is a person’s, in a realm of programs', async () => {
    const { access_token } = await tokens('pipelines', {
      ...{ grant_type: 'password', client_id: 'desk', username: 'eve@example.com' },
      password: 'eve@example.com',
    });
    expect(claimsOf(access_token)).toMatchObject({ aud: 'sigstore', azp: 'desk' });
    const why = 'map has no entry for key \\"client_id\\"';
    await refused(access_token, why, why);
  });

  it('that is over', async () => {
    const { access_token } = await programs('pipelines', 'brief');
    const { exp } = claimsOf(access_token) as { exp: number };
    await new Promise((over) => setTimeout(over, exp * 1_000 + 1_000 - Date.now()));
    await refused(access_token, 'token is expired');
  });

  it('of a realm that Fulcio does not know', async () => {
    const { access_token } = await programs('partners', 'release');
    await refused(
      access_token,
      `failed to match issuer URL ${realmUrl('partners')} from token with any configured providers`,
    );
  });
});

describe('new keys of a realm', () => {
  const pods = () =>
    cluster.kubectl(
      ...['get', 'pods', '-n', 'fulcio-system', '-l', 'app.kubernetes.io/name=fulcio'],
      ...[
        '-o',
        'jsonpath={.items[*].metadata.uid} {.items[*].status.containerStatuses[*].restartCount}',
      ],
    );
  const isTaken = async (token: string) => (await askFulcio(cluster, token)).leaf !== undefined;

  /** As the console does under Realm settings, Keys: a new key above the others. */
  async function addKey(name: string, priority: number) {
    const component = { name, providerId: 'rsa-generated', config: { priority: [`${priority}`] } };
    const type = 'providerType=org.keycloak.keys.KeyProvider';
    await admin(
      `printf %s '${JSON.stringify(component)}' |
       kcadm.sh create components -r pipelines -f - -s ${type}`,
    );
  }
  const ofKeys = async () => {
    const asked = 'get components -r pipelines -q type=org.keycloak.keys.KeyProvider';
    return JSON.parse(await admin(`kcadm.sh ${asked}`)) as { id: string; name: string }[];
  };
  const release = async () => (await programs('pipelines', 'release')).access_token;

  it('are followed without a restart, and a key that is gone is still taken until then', async () => {
    const before = await pods();
    const old = await release();
    const oldProvider = (await ofKeys()).find(({ name }) => name === 'rsa-generated')!;
    await addKey('next', 200);
    const next = await release();
    expect(keyOf(next)).not.toBe(keyOf(old));

    // Fulcio has not heard of the new key when the old one is taken away.
    await admin(`kcadm.sh delete components/${oldProvider.id} -r pipelines`);
    expect(await isTaken(old)).toBe(true);
    const made = await signer.byToken(next);
    expect(made).toMatchObject({ status: 0 });
    const identity = `${pipelines}/clients/release`;
    expect(await signer.verify(made, identity, pipelines)).toMatchObject({ status: 0 });

    const { leaf, logged } = await askFulcio(cluster, old);
    expect(leaf).toBeUndefined();
    expect(logged).toContain('failed to verify');
    expect(await pods()).toBe(before);
  });
});
