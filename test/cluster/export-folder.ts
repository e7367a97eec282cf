import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { secretIn, show } from '@sigstand/store/store';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { canaries } from '../faults/canary.ts';
import { filesIn, hitsIn } from '../faults/canary-places.ts';
import { privateKeys, secretsOf } from '../faults/canary-secrets.ts';
import { binary } from '../programs/binaries.ts';
import { blockBelow, shellWith } from './export-shell.ts';
import type { Exported } from './export-stack.ts';
import { type Rig, root, run } from './rig.ts';
import { mirror, secretValue } from './stack.ts';

/** What is in the folder, held against what the cluster holds and serves. */
export function describeFolder(there: () => Exported): void {
  it('starts from the root in the cluster, whose checksum it tells', async () => {
    const { cluster, folder, text } = there();
    const root = await secretValue(cluster, 'tuf-system/tuf-root', 'root');
    expect(await readFile(join(folder, '1.root.json'))).toEqual(root);
    const sum = createHash('sha256').update(root).digest('hex');
    expect(await text('README.md')).toContain(`1.root.json    sha256 ${sum}`);
    expect(await run('bash', ['-c', 'cd "$0"; sha256sum -c *.sha256', folder])).toMatchObject({
      status: 0,
      stdout: '1.root.json: OK\n',
    });
  });

  it('has the documents that the mirror serves, alone and in one', async () => {
    const { cluster, text } = there();
    const trusted = await served(cluster, 'trusted_root.json');
    const signing = await served(cluster, 'signing_config.v0.2.json');
    expect(await text('trusted_root.json')).toBe(trusted);
    expect(await text('signing_config.v0.2.json')).toBe(signing);
    expect(JSON.parse(await text('client_trust_config.json'))).toEqual({
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot: JSON.parse(trusted),
      signingConfig: JSON.parse(signing),
    });
  });

  it('has a TrustRoot that reads the mirror, and one that holds the repository', async () => {
    const { cluster, text } = there();
    const encoded = async (key: string) =>
      (await secretValue(cluster, 'tuf-system/tuf-root', key)).toString('base64');
    const [root, mirrorFS] = [await encoded('root'), await encoded('repository')];
    const kind = { apiVersion: 'policy.sigstore.dev/v1alpha1', kind: 'TrustRoot' };
    expect(parse(await text('policy-controller-remote.yaml'))).toMatchObject({
      ...kind,
      spec: { remote: { mirror, root, targets: 'targets' } },
    });
    expect(parse(await text('policy-controller-repository.yaml'))).toMatchObject({
      ...kind,
      spec: { repository: { root, mirrorFS, targets: 'targets' } },
    });
  });

  it('holds no secret of the stack', async () => {
    const { cluster, work, folder } = there();
    const secrets = await secretsIn(cluster);
    expect(secrets.length).toBeGreaterThan(18);
    const unpacked = await mkdtemp(join(work, 'unpacked-'));
    await run('tar', ['-xzf', join(folder, 'repository.tar.gz'), '-C', unpacked]);
    const seen = [...(await filesIn(folder)), ...(await filesIn(unpacked))];
    expect(seen.length).toBeGreaterThan(25);
    expect(hitsIn(canaries(secrets), seen)).toEqual([]);
    // The search finds one that is there.
    const planted = Buffer.from(secrets[0]?.bytes ?? []);
    expect(hitsIn(canaries(secrets), [['planted', planted]])).not.toEqual([]);
  });

  it('is the same when it is written again, and keeps what others put there', async () => {
    const { folder, work, ...exported } = there();
    const copy = join(work, 'copy');
    await cp(folder, copy, { recursive: true });
    await writeFile(join(copy, 'mine'), 'mine');
    expect(await exported.export(copy)).toMatchObject({ status: 0 });
    expect(await run('diff', ['-r', '--exclude=cache', folder, copy])).toMatchObject({
      stdout: `Only in ${copy}: mine\n`,
    });
  });

  it('is what docs/clients.md says that it is', async () => {
    const { cluster, folder, work, ...exported } = there();
    const page = join(root, 'docs/clients.md');
    const home = await mkdtemp(join(work, 'home-'));
    const env = {
      ...exported.env,
      SIGSTAND_CACHE: process.env.SIGSTAND_CACHE ?? join(homedir(), '.cache/sigstand'),
      HOME: home,
    };
    const { status, stderr } = await run('bash', ['-euc', await blockBelow(page, 'Clients')], {
      env,
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(
      await run('diff', ['-r', '--exclude=cache', folder, join(work, 'out/trust')]),
    ).toMatchObject({
      stdout: '',
    });
    const other = await readFile(join(home, 'trust/policy-controller-remote.yaml'), 'utf8');
    expect(other).toContain('mirror: "https://tuf.example.com"\n');

    const byKubectl = ['bash', '-euc', `cd ${home}\n${await blockBelow(page, 'Who may')}`];
    const sum = await readFile(join(folder, '1.root.json.sha256'), 'utf8');
    expect(await cluster.mustExec(byKubectl)).toBe(sum);
  });

  it('works as the README says', async () => {
    const { cluster, folder, work } = there();
    const shell = await shellWith(cluster, 'cosign 3', await mkdtemp(join(work, 'readme-')));
    const section = /^## Pointing cosign at it$(.*?)^\*\*/ms.exec(
      await readFile(join(root, 'README.md'), 'utf8'),
    )?.[1];
    const commands = [...(section ?? '').matchAll(/^ {4}(.*)$/gm)].map(([, line]) => line);
    expect(commands[0]).toBe('npm run export');
    const script = `mkdir .sigstand; ln -s "$TRUST" .sigstand/trust; echo a file > FILE\n`;
    const { status, stderr } = await shell.run(script + commands.slice(1).join('\n'), {
      env: { TRUST: folder },
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain('Verified OK');
  });

  it.each(['cosign 2', 'cosign 3'] as const)(
    'tells %s how to start by URL and checksum',
    async (client) => {
      const { cluster, folder, work } = there();
      const shell = await shellWith(cluster, client, await mkdtemp(join(work, 'by-url-')));
      const initialize = await blockBelow(join(folder, 'README.md'), 'The clients');
      const { status, stderr } = await shell.run(initialize);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stderr).not.toMatch(/warning/i);
      const wrong = initialize.replace(/[0-9a-f]{64}/, '0'.repeat(64));
      expect(wrong).not.toBe(initialize);
      expect((await shell.run(wrong)).status).not.toBe(0);
    },
  );

  it('has openssl verify a timestamp by the chain, and refuse another file', async () => {
    const { cluster, folder, work } = there();
    const shell = await shellWith(cluster, 'cosign 3', await mkdtemp(join(work, 'stamped-')));
    const stamp = 'source ./env; export FILE=$TMPDIR/file; date >"$FILE"; bash -e openssl.sh\n';
    const { status, stdout, stderr } = await shell.run(stamp, { folder });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout + stderr).toContain('Verification: OK');
    const changed = `${stamp}echo more >>"$FILE"\n$(tail -n 1 openssl.sh)`;
    const refused = await shell.run(changed, { folder });
    expect(refused.status).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain('Verification: FAILED');
  });

  it('has an archive that is a mirror behind any web server', async () => {
    const { cluster, folder, work } = there();
    const site = join(work, 'site');
    await mkdir(site);
    await run('tar', ['-xzf', join(folder, 'repository.tar.gz'), '-C', site]);
    const shell = await shellWith(cluster, 'cosign 3', await mkdtemp(join(work, 'mirror-')));
    const { status, stderr } = await shell.run(
      `${binary('python3')} -m http.server 8099 --bind 127.0.0.1 --directory "$SITE" 2> /dev/null &
       trap "kill $!" EXIT
       source ./env
       export TUF_MIRROR=http://127.0.0.1:8099 TUF_ROOT=$TMPDIR/tuf
       curl -sSf --retry 40 --retry-connrefused --retry-delay 1 -o /dev/null $TUF_MIRROR/root.json
       cosign initialize --mirror $TUF_MIRROR --root "$TUF_ROOT_JSON"
       ls $TUF_ROOT/*/targets/trusted_root.json`,
      { folder, env: { SITE: join(site, 'repository') } },
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).not.toMatch(/warning/i);
  });
}

/** A target as the mirror serves it, found by the metadata that it serves now. */
async function served(cluster: Rig, target: string): Promise<string> {
  const get = (path: string) => cluster.mustExec(['curl', '-sSf', `${mirror}/${path}`]);
  const signed = async (path: string) => JSON.parse(await get(path)).signed;
  const { meta } = await signed('timestamp.json');
  const snapshot = await signed(`${meta['snapshot.json'].version}.snapshot.json`);
  const { targets } = await signed(`${snapshot.meta['targets.json'].version}.targets.json`);
  return get(`targets/${targets[target].hashes.sha256}.${target}`);
}

async function secretsIn(cluster: Rig) {
  const all = await Promise.all(
    privateKeys.map(async ([{ namespace, name }, keys]) => {
      const args = ['secret', name, '-n', namespace];
      const { data = {} } = await cluster.get<{ data?: Record<string, string> }>(...args);
      const bytes = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
      return secretsOf(show(secretIn(namespace, name)), Object.fromEntries(bytes), keys);
    }),
  );
  return all.flat();
}
