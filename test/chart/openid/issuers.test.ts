import { X509Certificate } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Result, rig } from '../../cluster/rig.ts';
import { askFulcio } from './fulcio.ts';
import { browserOf, type Client, type Ground, openGround, urlOf } from './ground.ts';
import type { Name } from './names.ts';
import { bearers } from './tokens.ts';

/* A real OpenID provider with a private CA beside the rig, as an issuer of each type: who has its tokens signs. */

const cluster = rig(process.env.RIG ?? 'test');
let ground: Ground;
let client: Client;
let work = '';

beforeAll(async () => {
  ground = await openGround(cluster);
  work = await mkdtemp(join(tmpdir(), 'sigstand-signed-'));
  // Only people at first: the others come by a change of the values.
  await ground.install({ issuers: [issuer('people', { type: 'email' })] });
  client = await ground.client();
});
afterAll(async () => {
  await client?.remove();
  await ground?.close();
});

/** An issuer behind a Service of the cluster, whose CA nobody else knows. */
const issuer = (name: Name, more: object) => ({
  url: urlOf(name),
  podPort: 8443,
  ca: ground.ca,
  ...more,
});

const everybody = () => [
  issuer('people', { type: 'email' }),
  issuer('github', { type: 'github-actions' }),
  issuer('gitlab', { type: 'gitlab', web: 'https://gitlab.example.com' }),
  issuer('cluster', { type: 'kubernetes' }),
  issuer('spiffe', { type: 'spiffe', trustDomain: 'example.com' }),
  issuer('uri', { type: 'uri', subjectDomain: 'https://robots.idp.svc' }),
  issuer('username', { type: 'username', subjectDomain: 'idp.svc' }),
  issuer('jenkins', {
    type: 'ci',
    subject: '{{ .jenkins }}/job/{{ .job }}',
    defaults: { jenkins: 'https://jenkins.example.com' },
    extensions: {
      'build-trigger': 'cause',
      'run-invocation-uri': '{{ .jenkins }}/job/{{ .job }}/{{ .build }}',
    },
  }),
];

/** Signs by a token, or without one by what the client does then. */
async function sign(name: string, env: Record<string, string>, { at = 'pipe' } = {}) {
  const blob = join(work, name);
  await writeFile(blob, `signed by ${name}\n`);
  const bundle = `${blob}.bundle.json`;
  const args = ['sign-blob', '--yes', '--bundle', bundle, blob];
  const run = at === 'terminal' ? client.runAtTerminal : client.run;
  return { blob, bundle, signed: await run(args, env) };
}

const verify = (of: { blob: string; bundle: string }, identity: string, by: Name) =>
  client.run([
    ...['verify-blob', '--bundle', of.bundle, '--use-signed-timestamps', of.blob],
    ...['--certificate-identity', identity, '--certificate-oidc-issuer', urlOf(by)],
  ]);

const said = ({ stdout, stderr }: Result) => `${stdout}${stderr}`;
const log = () =>
  cluster.kubectl('logs', '-n', 'fulcio-system', 'deployment/fulcio', '-c', 'fulcio');

/** As somebody at a terminal does, whose browser logs in. */
async function logIn(name: string, address: string, by: 'chromium' | 'forms' = 'forms') {
  const path = `${await browserOf(ground, address, by)}:${process.env.PATH}`;
  return sign(name, { ...ground.trusting, PATH: path }, { at: 'terminal' });
}

describe('a person', () => {
  it('logs in at the issuer’s page, to which the client is led, in a browser, and signs', async () => {
    const made = await logIn('person', 'ada@example.com', 'chromium');
    expect(said(made.signed)).toContain(`${urlOf('people')}/auth?`);
    expect(made.signed, said(made.signed)).toMatchObject({ status: 0 });
    expect(await verify(made, 'ada@example.com', 'people')).toMatchObject({ status: 0 });
    const other = await verify(made, 'eve@example.com', 'people');
    expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining('ada@example.com') });
  });

  it('is turned away by the client, with an address that the issuer has not verified', async () => {
    const { signed } = await logIn('unverified', 'unverified@example.com');
    expect(signed.status).toBe(1);
    expect(said(signed)).toContain('not verified by identity provider');
  });
});

describe('an issuer that Fulcio does not know', () => {
  it.each(['github', 'stranger'] as const)('is refused, with a reason: %s', async (name) => {
    const { claims } = bearers.github!;
    const token = ground.token(name, claims);
    const { signed } = await sign(`unknown-${name}`, { SIGSTORE_ID_TOKEN: token });
    expect(signed.status).toBe(1);
    expect(said(signed)).toContain('error processing the identity token');
    expect(await log()).toContain(
      `failed to match issuer URL ${urlOf(name)} from token with any configured providers`,
    );
  });
});

describe('a change of the values', () => {
  it('rolls Fulcio, and leaves all else', async () => {
    const pods = ['pods', '-n', 'fulcio-system', '-l', 'app.kubernetes.io/name=fulcio'];
    const before = await cluster.kubectl('get', ...pods, '-o', 'name');
    const others = [
      'get',
      'pods',
      '-A',
      '-o',
      'name',
      '-l',
      'app.kubernetes.io/name in (rekor,ctlog)',
    ];
    const kept = await cluster.kubectl(...others);
    await ground.install({ issuers: everybody() });
    const after = await cluster.kubectl(
      'get',
      ...pods,
      '-o',
      'name',
      '--field-selector=status.phase=Running',
    );
    expect(after).not.toBe(before);
    expect(await cluster.kubectl(...others)).toBe(kept);
    expect(await log()).not.toContain('"severity":"error"');
  });

  it.each(Object.keys(bearers) as Name[])('lets a new issuer’s tokens sign: %s', async (name) => {
    const { claims, identity } = bearers[name]!;
    const made = await sign(name, { SIGSTORE_ID_TOKEN: ground.token(name, claims) });
    expect(made.signed).toMatchObject({ status: 0 });
    expect(await verify(made, identity, name)).toMatchObject({ status: 0 });
    // The same name by another issuer is another's.
    expect(await verify(made, identity, 'people')).toMatchObject({ status: 1 });
  });

  it('keeps those that there were, and the cluster’s own', async () => {
    const made = await logIn('still', 'ada@example.com');
    expect(await verify(made, 'ada@example.com', 'people')).toMatchObject({ status: 0 });
    const args = ['create', 'token', 'default', '-n', 'default', '--audience', 'sigstore'];
    const token = (await cluster.kubectl(...args)).trim();
    const { signed } = await sign('own', { SIGSTORE_ID_TOKEN: token });
    expect(signed).toMatchObject({ status: 0 });
  });

  it('takes the cluster’s own away, and tells clients of another issuer', async () => {
    const partners = issuer('stranger', { type: 'email', unverified: true });
    await ground.told(ground.install({ clusterIssuer: false, issuers: [partners] }));
    await client.remove();
    client = await ground.client();
    const made = await logIn('stranger', 'eve@example.com');
    expect(said(made.signed)).toContain(`${urlOf('stranger')}/auth?`);
    expect(await verify(made, 'eve@example.com', 'stranger')).toMatchObject({ status: 0 });
    const args = ['create', 'token', 'default', '-n', 'default', '--audience', 'sigstore'];
    const token = (await cluster.kubectl(...args)).trim();
    const { signed } = await sign('gone', { SIGSTORE_ID_TOKEN: token });
    expect(signed.status).toBe(1);
  });

  it('lets an issuer’s word be taken for an address, which cosign would not send', async () => {
    const person = { sub: 'eve', email: 'eve@example.com' };
    const { leaf } = await askFulcio(cluster, ground.token('stranger', person));
    expect(new X509Certificate(leaf!).subjectAltName).toBe('email:eve@example.com');
  });
});

describe('a token', () => {
  it.each([
    ['for somebody else', { aud: 'other' }, /expected audience/],
    ['that is over', { exp: 1 }, /token is expired/],
  ] as const)('%s is refused, with a reason', async (title, claims, why) => {
    const person = { sub: 'eve', email: 'eve@example.com', email_verified: true };
    const token = ground.token('stranger', { ...person, ...claims });
    const { signed } = await sign(title.replaceAll(' ', '-'), { SIGSTORE_ID_TOKEN: token });
    expect(signed.status).toBe(1);
    expect(said(signed) + (await log())).toMatch(why);
  });
});
