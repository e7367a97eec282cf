import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { stack, type Workplace, workplace } from './exporting.ts';

let place: Workplace;
beforeEach(async () => {
  place = await workplace();
});
afterEach(() => place.remove());

const signer = 'https://kubernetes.io/namespaces/ci/serviceaccounts/builder';
const asked = ['--images=registry.example.com:5000/team', `--signer=${signer}`];

const person = 'ada@example.com';

const written = async () =>
  (await readdir(place.folder)).filter((name) => /^(policy-controller|kyverno)-/.test(name)).sort();
const object = async (name: string) => parse(await place.text(name));

describe('the export for admission controllers', () => {
  it('makes policies only where images and a signer are named', async () => {
    const trust = [
      ...['kyverno-flags.yaml', 'kyverno-namespaces.yaml', 'policy-controller-flags.yaml'],
      ...['policy-controller-remote.yaml', 'policy-controller-repository.yaml'],
    ];
    const store = await stack();
    await place.exported(store);
    expect(await written()).toEqual(trust);
    await place.exported(store, ...asked);
    const policies = [
      ...['kyverno-cluster-policy-offline.yaml', 'kyverno-cluster-policy.yaml'],
      ...['kyverno-policy.yaml', 'kyverno-timestamp.yaml'],
      ...['policy-controller-bundle.yaml', 'policy-controller-policy.yaml'],
      'policy-controller-timestamp.yaml',
    ];
    expect(await written()).toEqual([...trust, ...policies].sort());
    for (const name of await written())
      expect(await place.text(name)).not.toMatch(/\{\{|undefined/);
  });

  it('names the stack, the images and the signer in each', async () => {
    const issuer = 'https://auth.example.com/application/o/sigstore/';
    const store = await stack('--rekor-url=https://rekor.example.com');
    await place.exported(store, ...asked, '--issuer', issuer);
    const [authority] = (await object('policy-controller-policy.yaml')).spec.authorities;
    expect(authority).toMatchObject({
      keyless: { trustRootRef: 'sigstand', identities: [{ issuer, subject: signer }] },
      ctlog: { url: 'https://rekor.example.com', trustRootRef: 'sigstand' },
    });
    expect((await object('policy-controller-policy.yaml')).spec.images).toEqual([
      { glob: 'registry.example.com:5000/team/**' },
    ]);
    const { spec } = await object('kyverno-policy.yaml');
    expect(spec.matchImageReferences).toEqual([{ glob: 'registry.example.com:5000/team/*' }]);
    expect(spec.attestors[0].cosign).toMatchObject({
      keyless: { identities: [{ issuer, subject: signer }] },
      ctlog: { url: 'https://rekor.example.com' },
    });
  });

  it('has keys, CA and root as the export itself has them', async () => {
    await place.exported(await stack(), ...asked);
    const root = Buffer.from(await place.text('1.root.json')).toString('base64');
    const { rules } = (await object('kyverno-cluster-policy-offline.yaml')).spec;
    expect(rules[0].verifyImages[0].attestors[0].entries[0].keyless).toMatchObject({
      roots: await place.text('fulcio.crt.pem'),
      rekor: { pubkey: await place.text('rekor.pub') },
      ctlog: { pubkey: await place.text('ctfe.pub') },
    });
    expect(
      (await object('kyverno-flags.yaml')).map(({ value }: { value: string }) => value),
    ).toEqual([
      '--enableTuf=true',
      '--tufMirror=http://tuf.tuf-system.svc',
      `--tufRootRaw=${root}`,
    ]);
  });

  it('lets each policy leave out the namespaces of the stack', async () => {
    await place.exported(await stack(), ...asked);
    const ours = { 'app.kubernetes.io/part-of': 'sigstand' };
    for (const name of ['kyverno-cluster-policy.yaml', 'kyverno-cluster-policy-offline.yaml']) {
      const [rule] = (await object(name)).spec.rules;
      expect(rule.exclude.any).toEqual([
        { resources: { namespaceSelector: { matchLabels: ours } } },
      ]);
    }
    const { data } = await object('kyverno-namespaces.yaml');
    const unseen = { key: 'app.kubernetes.io/part-of', operator: 'NotIn', values: ['sigstand'] };
    expect(JSON.parse(data.webhooks).namespaceSelector.matchExpressions).toContainEqual(unseen);
    for (const name of ['kyverno-policy.yaml', 'kyverno-timestamp.yaml']) {
      expect((await object(name)).spec.matchConstraints.namespaceSelector).toEqual({
        matchExpressions: [unseen],
      });
    }
  });

  it('asks for timestamps in policies of their own, and not where the stack has no TSA', async () => {
    const store = await stack();
    await place.exported(store, ...asked);
    const { spec } = await object('kyverno-timestamp.yaml');
    expect(spec.attestors[0].cosign.ctlog).toEqual({
      insecureIgnoreTlog: true,
      tsaCertChain: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/),
    });
    await place.remove();
    place = await workplace();
    await place.exported(await stack('--without=tsa'), ...asked);
    expect(await written()).toContain('kyverno-policy.yaml');
    expect((await written()).filter((name) => name.includes('timestamp'))).toEqual([]);
  });

  it('takes an identity for what it is, whatever is in it', async () => {
    const odd = 'me: "{{root}}" & \'$&\' #x';
    await place.exported(await stack(), '--images=ghcr.io/team', `--signer=${odd}`);
    const { spec } = await object('policy-controller-policy.yaml');
    expect(spec.authorities[0].keyless.identities[0].subject).toBe(odd);
    expect((await object('kyverno-policy.yaml')).spec.validations[0].message).toContain(odd);
  });

  it.each([
    [['--images=ghcr.io/team'], 'give both --images and --signer'],
    [[`--signer=${signer}`], 'give both --images and --signer'],
    [['--images=ghcr.io/team:v1', `--signer=${signer}`], '--images'],
    [['--images=ghcr.io/team/*', `--signer=${signer}`], '--images'],
    [['--images=ghcr.io/team/', `--signer=${signer}`], '--images'],
    [['--images=', `--signer=${signer}`], '--images'],
    [['--images=ghcr.io/team', '--signer='], '--signer'],
  ])('refuses %j, and writes nothing', async (args, said) => {
    const { status, stderr } = await place.tried(await stack(), ...args);
    expect({ status, stderr }).toEqual({ status: 64, stderr: expect.stringContaining(said) });
    expect(await readdir(place.work)).toEqual([]);
  });

  it('makes no policy for a stack that lacks what it asks for', async () => {
    const { status, stderr } = await place.tried(await stack('--without=ctlog'), ...asked);
    expect({ status, stderr }).toEqual({ status: 65, stderr: expect.stringContaining('CT log') });
    expect(await readdir(place.work)).toEqual([]);
  });

  it('makes a policy for podman where the signer is an email address, and for no other', async () => {
    const store = await stack();
    await place.exported(store, '--images=ghcr.io/team', `--signer=${signer}`);
    expect(await readdir(place.folder)).not.toContain('containers-policy.json');
    await place.exported(store, '--images=ghcr.io/team', `--signer=${person}`);
    const policy = JSON.parse(await place.text('containers-policy.json'));
    const base64 = async (name: string) => Buffer.from(await place.text(name)).toString('base64');
    expect(policy).toEqual({
      default: [{ type: 'insecureAcceptAnything' }],
      transports: {
        docker: {
          'ghcr.io/team': [
            {
              type: 'sigstoreSigned',
              fulcio: {
                caData: await base64('fulcio.crt.pem'),
                oidcIssuer: 'https://kubernetes.default.svc',
                subjectEmail: person,
              },
              rekorPublicKeyData: await base64('rekor.pub'),
              signedIdentity: { type: 'matchRepository' },
            },
          ],
        },
      },
    });
    expect(parse(await place.text('containers-registries.yaml'))).toEqual({
      docker: { 'ghcr.io/team': { 'use-sigstore-attachments': true } },
    });
  });
});
