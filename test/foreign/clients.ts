import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { services } from '@sigstand/contracts/services';
import { beforeAll, describe, expect, it } from 'vitest';
import { pushImage, registry } from '../admission/images.ts';
import { type Result, root, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';
import { kept } from '../programs/kept.ts';
import { type Ground, issuerUrl } from './ground.ts';
import { subject } from './issuer.ts';
import { sendClientsTo } from './issuer-of-stack.ts';
import { installed } from './python.ts';
import { describeRust } from './rust.ts';

/** Clients that are too large for `npm test`, each told nothing but what the export has for it. */
export function describeClients(of: () => Ground): void {
  let trust = '';
  beforeAll(async () => {
    const { cluster, work } = of();
    await sendClientsTo(cluster, issuerUrl);
    trust = join(work, 'clients-trust');
    const flags = ['--to', trust, '--images', `${registry}/team`, '--signer', subject];
    const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
    const made = await run('bash', ['scripts/export.sh', ...flags], { env });
    expect(made, made.stderr).toMatchObject({ status: 0 });
  });

  /** Runs a script as somebody whom the issuer knows by the address, and who reaches it by its name. */
  async function asPerson(script: string, program = '', env = {}): Promise<Result> {
    const { cluster, work } = of();
    const place = await mkdtemp(join(work, 'person-'));
    const hosts = join(place, 'hosts');
    await writeFile(hosts, `${await readFile('/etc/hosts', 'utf8')}\n127.0.0.1 fakeoidc\n`);
    const token = await cluster.mustExec(['curl', '-sSf', 'http://127.0.0.1:8080/token']);
    const path = [program, join(place, 'bin'), process.env.PATH].filter(Boolean).join(':');
    const own = { HOME: place, TMPDIR: place, PATH: path, IDENTITY: subject, ...env };
    await mkdir(join(place, 'bin'));
    await symlink(binary('cosign3'), join(place, 'bin/cosign'));
    const said = `mount --bind "${hosts}" /etc/hosts\ncd "$0"\nsource ./env\nexport FILE=$(mktemp); date >"$FILE"\n${script}`;
    const variables = Object.entries(own).map(([name, value]) => `${name}=${value}`);
    return cluster.exec(
      ['unshare', '--mount', 'env', ...variables, 'bash', '-euo', 'pipefail', '-c', said, trust],
      { env: { SIGSTORE_ID_TOKEN: token }, timeout: 180_000 },
    );
  }

  it('sigstore-python 3 signs and verifies, and refuses another signer', async () => {
    const program = await installed('sigstore-python3', 'sigstore');
    const { status, stdout, stderr } = await asPerson('source ./sigstore-python3.sh', program);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect((stdout + stderr).match(/OK: /g)).toHaveLength(2);
    const other = 'IDENTITY=nobody@bar.com; source ./sigstore-python3.sh';
    const refused = await asPerson(other, program);
    expect(refused.status).not.toBe(0);
    expect(refused.stdout + refused.stderr).toMatch(/SANs do not match|identit/i);
  });

  it('model-signing signs a model and verifies it, and refuses a changed one', async () => {
    const program = await installed('model-signing', 'model_signing');
    const model = 'MODEL=$(mktemp -d); date >"$MODEL/weights"\n';
    const { status, stdout, stderr } = await asPerson(
      `${model}source ./model-signing.sh\ndate >"$MODEL/more"\n! model_signing verify sigstore \\
        --trust_config "$SIGSTAND_TRUST/client_trust_config.json" --identity "$IDENTITY" \\
        --identity_provider "$ISSUER_URL" --signature "$MODEL.sig" "$MODEL"`,
      program,
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toMatch(
      /Signing succeeded\s+Verification succeeded\s+Verification failed/,
    );
  });

  describe('sigstore-rust', () => describeRust(() => ({ ...of(), trust }), asPerson));

  describe('podman’s policy', () => {
    const image = `${registry}/team/app:1`;
    let program = '';
    beforeAll(async () => {
      program = join(await containersImage(), 'containers-image');
      for (const name of ['team/app:1', 'team/unsigned:1']) {
        await pushImage(of().cluster, of().work, name);
      }
      const sign = await asPerson(`cosign sign --yes --allow-http-registry \\
        --new-bundle-format=false --use-signing-config=false --fulcio-url ${services.fulcio} \\
        --rekor-url ${services.rekor} ${image}`);
      expect(sign, sign.stderr).toMatchObject({ status: 0 });
    });
    const judge = (policy: string, name: string) =>
      asPerson(`mkdir "$TMPDIR/registries.d"
        cp containers-registries.yaml "$TMPDIR/registries.d/team.yaml"
        ${policy} >"$TMPDIR/policy.json"
        ${program} "$TMPDIR/policy.json" "$TMPDIR/registries.d" ${name}`);

    it('admits what its signer signed', async () => {
      expect(await judge('cat containers-policy.json', image)).toMatchObject({
        status: 0,
        stdout: 'admitted: true <nil>\n',
      });
    });

    it.each([
      ['what nobody signed', 'cat containers-policy.json', `${registry}/team/unsigned:1`],
      ['another signer', `sed 's/${subject}/nobody@bar.com/' containers-policy.json`, image],
      ['the log of another stack', 'rekor_of_others', image],
    ])('refuses %s', async (_what, policy, name) => {
      const keys = `rekor_of_others() { openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout 2>/dev/null |
        base64 -w0 | jq --rawfile key /dev/stdin '.transports.docker[][0].rekorPublicKeyData = $key' containers-policy.json; }\n`;
      const { status, stdout } = await judge(`${keys}${policy}`, name);
      expect({ status, stdout }).toMatchObject({
        status: 1,
        stdout: expect.stringMatching(/^admitted: false .*(signature|email|key)/i),
      });
    });
  });
}

/** containers/image with a program around it, compiled once. */
async function containersImage(): Promise<string> {
  const source = join(root, 'test/foreign/containers-image');
  const files = ['main.go', 'go.mod', 'go.sum'].map((name) => readFile(join(source, name)));
  const hash = createHash('sha256');
  for (const bytes of await Promise.all(files)) hash.update(bytes);
  return kept(`foreign/containers-image-${hash.digest('hex').slice(0, 16)}`, async (made) => {
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOWORK: 'off' };
    const tags = 'containers_image_openpgp,exclude_graphdriver_btrfs';
    const args = ['-C', source, 'build', '-trimpath', '-buildvcs=false', '-tags', tags, '-o', made];
    const built = await run('go', args, { env, timeout: 3_600_000 });
    if (built.status !== 0) throw new Error(`go build containers-image: ${built.stderr}`);
  });
}
