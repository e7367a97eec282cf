import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobNames } from '@sigstand/contracts/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleAt } from '../../scripts/bundles.ts';
import { binary } from '../programs/binaries.ts';
import { applyAll, bringUp } from './bring-up.ts';
import { type Cosign, cosign, identityOf, issuer, tokenOf } from './cosign.ts';
import { fulcioConfiguration } from './fulcio-configuration.ts';
import { describeNetwork } from './network.ts';
import { rig, root, run, waste } from './rig.ts';
import { describeSecondStack } from './second-stack.ts';
import { toldInCluster } from './told.ts';

const cluster = rig('test');
const mirror = 'http://tuf.tuf-system.svc';
let work = '';

interface Bundle {
  verificationMaterial: {
    certificate: { rawBytes: string };
    tlogEntries: { logId: { keyId: string } }[];
    timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-journey-'));
  await bringUp(cluster, work);
});

afterAll(async () => {
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('kubectl apply -f manifests, in one go', () => {
  beforeAll(async () => {
    await applyAll(cluster, join(work, 'out/manifests'));
  });

  it('comes up without a failed Pod and without a restart', async () => {
    const { failedPods, restarts } = await waste(cluster);
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
  });

  it('draws no warning from Pod Security', async () => {
    const { stderr } = await cluster.exec([
      'kubectl',
      ...['apply', '-f', join(work, 'out/manifests'), '--dry-run=server'],
    ]);
    expect(stderr).not.toContain('PodSecurity');
  });

  it('keeps private keys out of the TUF namespace, but for its own', async () => {
    const { items } = await cluster.get<{
      items: { metadata: { name: string }; data?: Record<string, string> }[];
    }>('secrets', '-n', 'tuf-system');
    const holding = items
      .filter(({ data = {} }) =>
        Object.values(data).some((value) =>
          /PRIVATE KEY/.test(Buffer.from(value, 'base64').toString()),
        ),
      )
      .map(({ metadata }) => metadata.name);
    expect(holding).toEqual(['tuf-keys']);
  });

  it('tells no secret: not in objects, events, logs or command lines', async () => {
    const { hits, secrets, places } = await toldInCluster(cluster);
    // Eighteen values of seven Secrets, the keys among them in more than one form.
    expect(secrets).toBeGreaterThan(18);
    const from = (what: RegExp) => places.filter((place) => what.test(place)).length;
    expect(from(/^Event /)).toBeGreaterThan(0);
    expect(from(/^log of rekor-system\/createsecret/)).toBe(1);
    expect(from(/^command line of .*mariadbd/)).toBeGreaterThan(0);
    expect(hits).toEqual([]);
  });

  it('runs seven images that share one base layer, as nobody', async () => {
    const crane = async (verb: string, job: string) =>
      JSON.parse(
        await cluster.mustExec([
          ...[binary('crane'), verb, '--insecure', `10.200.0.1:5000/sigstand/${job}:0.1.0`],
        ]),
      );
    const images = await Promise.all(jobNames.map((job) => crane('manifest', job)));
    // Node, the Job, and V8's code for it.
    expect(images.map(({ layers }) => layers.length)).toEqual(jobNames.map(() => 3));
    expect(new Set(images.map(({ layers }) => layers[0].digest)).size).toBe(1);
    const { config } = await crane('config', 'createtuf');
    expect(config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/nodejs/bin/node', '/app/launch.cjs'],
    });
  });

  it('changes nothing when every Job runs again', async () => {
    const versions = async () => {
      const { items } = await cluster.get<{
        items: {
          kind: string;
          metadata: { namespace: string; name: string; resourceVersion: string };
        }[];
      }>('secrets,configmaps', '-A', '-l', 'app.kubernetes.io/part-of=sigstand');
      return items.map(({ kind, metadata }) => [
        kind,
        metadata.namespace,
        metadata.name,
        metadata.resourceVersion,
      ]);
    };
    const before = await versions();
    expect(before.length).toBeGreaterThan(14);
    const ours = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand'];
    await cluster.kubectl('delete', 'jobs', ...ours);
    await cluster.kubectl('apply', '-f', join(work, 'out/manifests'));
    await cluster.kubectl(
      'wait',
      '--for=condition=Complete',
      'jobs',
      '--all',
      '-A',
      '--timeout=5m',
    );
    expect(await versions()).toEqual(before);
  });
});

describe("Fulcio's configuration", () => {
  fulcioConfiguration(() => ({ cluster, manifests: join(work, 'out/manifests') }));
});

describe('a Pod with a token of its own', () => {
  it('signs and verifies with nothing but root.json and the TUF mirror', async () => {
    const trust = ['create', 'configmap', 'sigstand-root', '-n', 'default'];
    const encoded = await cluster.kubectl(
      ...['get', 'secret', 'tuf-root', '-n', 'tuf-system', '-o', 'jsonpath={.data.root}'],
    );
    const file = join(work, 'root.json');
    await writeFile(file, Buffer.from(encoded, 'base64'));
    await cluster.kubectl(...trust, `--from-file=root.json=${file}`);
    const yaml = await readFile(join(root, 'scripts/sign-and-verify.yaml'), 'utf8');
    await cluster.apply(yaml.replaceAll(/@sha256:[0-9a-f]{64}/g, ''));
    const job = 'job/sign-and-verify';
    await cluster.kubectl(
      'wait',
      '--for=condition=Complete',
      '-n',
      'default',
      job,
      '--timeout=90s',
    );
    const said = await cluster.kubectl('logs', '-n', 'default', job, '-c', 'verify');
    expect(said).toContain('Verified OK');
  });
});

describe.each(['cosign3', 'cosign2'] as const)(
  '%s, which trusts our TUF root and nothing else',
  (version) => {
    let client: Cosign;
    let rootJson = '';
    let blob = '';
    let bundle = '';
    const certificate = [
      '--certificate-identity',
      identityOf('default'),
      '--certificate-oidc-issuer',
      issuer,
    ];
    // cosign 3 takes the services' addresses from the TUF repository; cosign 2 has to be told.
    const signing =
      version === 'cosign3'
        ? []
        : [
            '--fulcio-url=http://fulcio.fulcio-system.svc',
            '--rekor-url=http://rekor.rekor-system.svc',
            '--timestamp-server-url=http://tsa.tsa-system.svc/api/v1/timestamp',
          ];
    const newFormat = version === 'cosign3' ? [] : ['--new-bundle-format'];
    // Without it, the log's own time of an entry is enough for cosign; with it, our TSA must have signed.
    const stamped = ['--use-signed-timestamps'];

    const verify = (changed: { bundle?: string; blob?: string; identity?: string } = {}) =>
      client.run([
        ...['verify-blob', '--bundle', changed.bundle ?? bundle, ...newFormat, ...stamped],
        ...['--certificate-identity', changed.identity ?? identityOf('default')],
        ...['--certificate-oidc-issuer', issuer, changed.blob ?? blob],
      ]);

    beforeAll(async () => {
      client = await cosign(cluster, version);
      rootJson = join(client.home, 'root.json');
      blob = join(client.home, 'blob');
      bundle = join(client.home, 'bundle.json');
      const encoded = await cluster.kubectl(
        ...['get', 'secret', 'tuf-root', '-n', 'tuf-system', '-o', 'jsonpath={.data.root}'],
      );
      await writeFile(rootJson, Buffer.from(encoded, 'base64'));
      await writeFile(blob, `a blob for ${version}\n`);
    });
    afterAll(() => client.remove());

    it('initialises from the mirror', async () => {
      const said = await client.must(['initialize', '--mirror', mirror, '--root', rootJson]);
      expect(said).not.toMatch(/fall(ing)? back/i);
    });

    it('signs a blob as a service account, and verifies it', async () => {
      const token = await tokenOf(cluster, 'default');
      await client.must(
        ['sign-blob', '--yes', ...signing, ...newFormat, '--bundle', bundle, blob],
        token,
      );
      const { status, stderr } = await verify();
      expect({ status, stderr }).toEqual({
        status: 0,
        stderr: expect.stringContaining('Verified OK'),
      });
    });

    it('has a log entry of our Rekor, a timestamp of our TSA and an SCT of our CT log', async () => {
      const secret = async (namespace: string, name: string, key: string) =>
        Buffer.from(
          await cluster.kubectl(
            ...[
              'get',
              'secret',
              name,
              '-n',
              namespace,
              '-o',
              `jsonpath={.data.${key.replace('.', '\\.')}}`,
            ],
          ),
          'base64',
        );
      const logId = (pem: Buffer) =>
        createHash('sha256')
          .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
          .digest();
      const { verificationMaterial: material } = JSON.parse(
        await readFile(bundle, 'utf8'),
      ) as Bundle;

      const rekor = logId(await secret('rekor-system', 'rekor-pub-key', 'public'));
      expect(material.tlogEntries.map((entry) => entry.logId.keyId)).toEqual([
        rekor.toString('base64'),
      ]);

      // RFC 6962 §3.3: the SCT list stands in an extension of the certificate, each SCT with its log's id.
      const leaf = new X509Certificate(Buffer.from(material.certificate.rawBytes, 'base64'));
      const ctlog = logId(await secret('ctlog-system', 'ctlog-public-key', 'public'));
      expect(leaf.raw.includes(ctlog)).toBe(true);

      // RFC 3161: the token names its signer by the issuer and serial number of the TSA's certificate.
      const [stamp] = material.timestampVerificationData.rfc3161Timestamps;
      const chain = await secret('tsa-system', 'tsa-cert-chain', 'cert-chain');
      const tsa = new X509Certificate(chain);
      expect(
        Buffer.from(stamp!.signedTimestamp, 'base64').includes(
          Buffer.from(tsa.serialNumber, 'hex'),
        ),
      ).toBe(true);
    });

    it('makes a bundle that sigstore-go verifies from the same mirror', async () => {
      const said = await cluster.mustExec([
        ...['env', `HOME=${client.home}`, binary('sigstore-go-verification')],
        ...['-tufRootURL', mirror, '-tufTrustedRoot', rootJson, '-artifact', blob],
        ...['-expectedIssuer', issuer, '-expectedSAN', identityOf('default'), bundle],
      ]);
      expect(said).toContain(identityOf('default'));
    });

    it('signs an image in the registry, and verifies it', async () => {
      const image = `10.200.0.1:5000/demo/${version}:1`;
      const crane = binary('crane');
      const layer = join(client.home, 'layer.tar');
      await run('tar', ['-C', client.home, '-cf', layer, 'blob']);
      await cluster.mustExec([
        crane,
        'append',
        '--insecure',
        '--oci-empty-base',
        '-f',
        layer,
        '-t',
        image,
      ]);
      const digest = (await cluster.mustExec([crane, 'digest', '--insecure', image])).trim();
      const byDigest = `${image.replace(/:1$/, '')}@${digest}`;
      const token = await tokenOf(cluster, 'default');
      const registry = ['--allow-http-registry', '--allow-insecure-registry'];
      await client.must(['sign', '--yes', ...registry, ...signing, byDigest], token);
      const said = await client.must(['verify', ...registry, ...stamped, ...certificate, byDigest]);
      expect(said).toContain('verified');
      const other = ['--certificate-identity', identityOf('other'), ...certificate.slice(2)];
      expect(
        (await client.run(['verify', ...registry, ...stamped, ...other, byDigest])).status,
      ).not.toBe(0);
    });

    describe('refuses', () => {
      it('another identity', async () => {
        const { status, stderr } = await verify({ identity: identityOf('somebody-else') });
        expect(status).not.toBe(0);
        expect(stderr).toMatch(/none of the expected identities matched|no matching/i);
      });

      it('a changed blob', async () => {
        const changed = `${blob}.changed`;
        await writeFile(changed, 'another blob\n');
        expect((await verify({ blob: changed })).status).not.toBe(0);
      });

      it.each([
        [
          'timestamp',
          ({ verificationMaterial: m }: Bundle) =>
            Object.assign(m, { timestampVerificationData: {} }),
        ],
        [
          'log entry',
          ({ verificationMaterial: m }: Bundle) => Object.assign(m, { tlogEntries: [] }),
        ],
      ])('a bundle without its %s', async (_what, remove) => {
        const parsed = JSON.parse(await readFile(bundle, 'utf8')) as Bundle;
        remove(parsed);
        const poorer = `${bundle}.poorer`;
        await writeFile(poorer, JSON.stringify(parsed));
        const { status, stderr } = await verify({ bundle: poorer });
        expect({ status, stderr }).not.toMatchObject({ status: 0 });
      });

      it('the root of another stack', async () => {
        const other = await otherStack();
        const stranger = await cosign(cluster, version);
        const said = await stranger.run(['initialize', '--mirror', mirror, '--root', other]);
        expect(said.status).not.toBe(0);
        await stranger.remove();
      });
    });
  },
);

describe('the NetworkPolicies, as an engine enforces them', () => {
  describeNetwork(() => ({ cluster, out: join(work, 'out') }));
});

describe('a second stack beside it', () => {
  describeSecondStack(() => ({ cluster, out: join(work, 'out') }));
});

describe('a Secret with garbage, last of all', () => {
  it('fails its Job at once, with one Pod that says where and what', async () => {
    const job = ['-n', 'rekor-system', 'job/createsecret'];
    await cluster.kubectl('delete', ...job);
    await cluster.kubectl(
      ...['patch', 'secret', 'rekor-signing-secret', '-n', 'rekor-system', '--type=merge'],
      ...['-p', JSON.stringify({ stringData: { 'signing-secret': 'hunter2' } })],
    );
    await cluster.kubectl('apply', '-f', join(work, 'out/manifests/20-rekor.yaml'));
    await cluster.kubectl('wait', '--for=condition=Failed', ...job, '--timeout=60s');

    const { items } = await cluster.get<{
      items: { status: { containerStatuses: { state: { terminated: Terminated } }[] } }[];
    }>('pods', '-n', 'rekor-system', '-l', 'job-name=createsecret');
    expect(items).toHaveLength(1);
    const { exitCode, message } = items[0]!.status.containerStatuses[0]!.state.terminated;
    expect(exitCode).toBe(65);
    expect(message).toContain(
      'Secret rekor-system/rekor-signing-secret key signing-secret is not PEM',
    );
    expect(message).not.toContain('hunter2');
  });
});

interface Terminated {
  readonly exitCode: number;
  readonly message: string;
}

/** The root.json of a stack that our Jobs make in a directory, at the same names with other keys. */
async function otherStack(): Promise<string> {
  const place = join(work, 'other');
  const job = (name: string, ...args: string[]) =>
    run('node', [bundleAt(name), `--store=dir:${place}`, ...args]);
  await Promise.all([job('createsecret'), job('createcerts'), job('createcertchain')]);
  const treeID = join(place, 'ctlog-system/ConfigMap/.ctlog-config/1');
  await run('mkdir', ['-p', join(treeID, 'data')]);
  await writeFile(join(treeID, 'data/treeID'), '1');
  await writeFile(join(treeID, 'annotations.json'), '{}');
  for (const name of ['createctconfig', 'copysecrets', 'createtuf']) {
    const { status, stderr } = await job(name, '--timeout=20s');
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  }
  return join(place, 'tuf-system/Secret/tuf-root/root');
}
