import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { copies, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { ctlogPrefix, services } from '@sigstand/contracts/services';
import { oldLogsNote, oldLogsText } from '@sigstand/contracts/shards';
import { createTuf } from '@sigstand/createtuf/job';
import { inputs, put, runAt, stored, supplied } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { fingerprint, parsePublicKey } from '@sigstand/pki/keys';
import { directoryStore } from '@sigstand/store/directory';
import { secretIn } from '@sigstand/store/store';
import { ClientTrustConfig } from '@sigstore/protobuf-specs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root, run } from './cluster/rig.ts';
import { stack, trustIn, type Workplace, workplace } from './exporting.ts';

let place: Workplace;
beforeEach(async () => {
  place = await workplace();
});
afterEach(() => place.remove());

/** What a shell has in these variables once it has sourced env. */
async function sourced(names: readonly string[], { shell = 'bash', from = place.folder } = {}) {
  const prints = names.map((name) => `printf '%s\\n' "$${name}"`).join('; ');
  // SHLVL: a bash whose input is a socket, with no shell above it, reads the machine's bashrc.
  const env = { TSA_URL: 'http://of-another-stack', SHLVL: '1' };
  const script = `cd "$1"; . ./env; ${prints}`;
  const { status, stdout, stderr } = await run(shell, ['-euc', script, shell, from], { env });
  return { status, stderr, values: stdout.split('\n').slice(0, -1) };
}

describe('the export', () => {
  it('writes every file, the same each time', async () => {
    const store = await stack();
    const said = await place.exported(store);
    const names = (await readdir(place.folder)).sort();
    expect(names).toEqual(
      [
        ...['1.root.json', '1.root.json.sha256', 'README.md', 'client_trust_config.json', 'env'],
        ...['cosign2.sh', 'cosign3.sh', 'gitsign.sh', 'sigstore-go.go', 'sigstore-js.mjs'],
        ...['ctfe.pub', 'fulcio.crt.pem', 'rekor.pub', 'sigstore-python.sh', 'sigstore-rust.rs'],
        'sigstore-java.java',
        ...['policy-controller-remote.yaml', 'policy-controller-repository.yaml'],
        ...['policy-controller-flags.yaml', 'kyverno-flags.yaml', 'kyverno-namespaces.yaml'],
        ...['gh.sh', 'model-signing.sh', 'openssl.sh', 'rekor-monitor.sh', 'sigstore-python3.sh'],
        ...['client_trust_config.v0.1.json', 'trusted_root.jsonl', 'tsa.crt.pem'],
        ...['index.html', 'repository.tar.gz', 'signing_config.v0.2.json', 'trusted_root.json'],
      ].sort(),
    );
    expect(said).toContain((await place.text('1.root.json.sha256')).split(' ')[0]);
    const modes = names.map(async (name) => (await stat(join(place.folder, name))).mode & 0o777);
    expect(new Set(await Promise.all(modes))).toEqual(new Set([0o644]));
    const all = () => Promise.all(names.map((name) => readFile(join(place.folder, name))));
    const first = await all();
    await place.exported(store);
    expect(await all()).toEqual(first);
    expect(await readdir(place.work)).toEqual(['trust']);
  });

  it('gives each file the time at which its content was signed', async () => {
    const store = await supplied();
    const seconds = (time: number) => new Date(Math.floor(time / 1_000) * 1_000);
    const [made, refreshed] = [7_200_000, 3_600_000].map((ago) => seconds(Date.now() - ago));
    await runAt(store, made!.toISOString());
    await runAt(store, refreshed!.toISOString(), ['--timestamp-expiry=9d', '--timestamp-renew=8d']);
    await place.exported(store);
    for (const name of await readdir(place.folder)) {
      const { mtime } = await stat(join(place.folder, name));
      const wanted = /^(repository\.tar\.gz|index\.html)$/.test(name) ? refreshed : made;
      expect({ name, mtime }).toEqual({ name, mtime: wanted });
    }
  });

  it('has the first form of a signing configuration, which has room for one of each', async () => {
    const url = 'https://fulcio.example.com';
    await place.exported(await stack(`--fulcio-url=${url}`, '--fulcio-url=https://other.example'));
    const read = async (name: string) => JSON.parse(await place.text(name));
    const { mediaType, trustedRoot, signingConfig } = await read('client_trust_config.v0.1.json');
    expect({ mediaType, trustedRoot }).toEqual({
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot: await read('trusted_root.json'),
    });
    expect(signingConfig).toEqual({
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json',
      caUrl: url,
      oidcUrl: 'https://kubernetes.default.svc',
      tlogUrls: ['http://rekor.rekor-system.svc'],
      tsaUrls: ['http://tsa.tsa-system.svc/api/v1/timestamp'],
    });
    await place.exported(await stack('--without=tsa'), '--replace-root');
    expect((await read('client_trust_config.v0.1.json')).signingConfig).toMatchObject({
      tsaUrls: [],
    });
  });

  it('has the trusted root on one line, and the chain of the timestamp authority', async () => {
    await place.exported(await stack());
    const [line = '', ...rest] = (await place.text('trusted_root.jsonl')).split('\n');
    expect(rest).toEqual(['']);
    expect(JSON.parse(line)).toEqual(JSON.parse(await place.text('trusted_root.json')));
    const chain = inputs('first').tsa['cert-chain'] ?? [];
    expect(await place.text('tsa.crt.pem')).toBe(Buffer.from(chain).toString());
  });

  it('has the page that createtuf wrote, and that of another mirror', async () => {
    const store = await stack('--mirror-url=https://tuf.example.com');
    await place.exported(store);
    const written = (await store.read(tufRepository))?.data['index.html'];
    expect(await place.text('index.html')).toBe(Buffer.from(written ?? []).toString());
    await place.exported(store, '--mirror=https://mirror.example.com');
    expect(await place.text('index.html')).toContain(
      'cosign initialize --mirror https://mirror.example.com ',
    );
  });

  it('has a ClientTrustConfig that sigstore’s own reader takes', async () => {
    await place.exported(await stack());
    const config = ClientTrustConfig.fromJSON(
      JSON.parse(await place.text('client_trust_config.json')),
    );
    expect(config.mediaType).toBe('application/vnd.dev.sigstore.clienttrustconfig.v0.1+json');
    expect(config.trustedRoot?.tlogs).toHaveLength(1);
    expect(config.signingConfig?.caUrls.map(({ url }) => url)).toEqual([
      'http://fulcio.fulcio-system.svc',
    ]);
  });

  it('takes the URLs that createtuf was told, the first of several, and the mirror from a flag', async () => {
    const store = await stack(
      ...['--fulcio-url=https://fulcio.example.com', '--fulcio-url=https://second.example.com'],
      ...['--rekor-url=https://rekor.example.com', '--tsa-url=https://tsa.example.com'],
      ...['--ctlog-url=https://ct.example.com/2026', '--oidc-issuer=https://login.example.com/'],
    );
    await place.exported(store, '--mirror', 'https://tuf.example.com');
    const names = ['FULCIO_URL', 'REKOR_URL', 'TSA_URL', 'CTLOG_URL', 'ISSUER_URL', 'TUF_MIRROR'];
    expect((await sourced(names)).values).toEqual([
      ...['https://fulcio.example.com', 'https://rekor.example.com'],
      'https://tsa.example.com/api/v1/timestamp',
      ...['https://ct.example.com/2026', 'https://login.example.com/', 'https://tuf.example.com'],
    ]);
    expect(await place.text('README.md')).toContain('--root https://tuf.example.com/1.root.json');
    expect(await place.text('policy-controller-remote.yaml')).toContain(
      'mirror: "https://tuf.example.com"\n',
    );
    expect(await place.text('README.md')).not.toMatch(/\{\{|tuf-system\.svc/);
  });

  it('takes the trust of the stack whose namespace it is told, and no other', async () => {
    const store = await stack();
    const data = await trustIn(await stack('--rekor-url=http://rekor.stg-rekor-system.svc'));
    await store.write(secretIn('stg-tuf-system', tufRoot.name), { data });
    await place.exported(store, '--namespace=stg-tuf-system');
    expect(await readFile(join(place.folder, '1.root.json'))).toEqual(Buffer.from(data.root!));
    expect((await sourced(['REKOR_URL', 'TUF_MIRROR'])).values).toEqual([
      'http://rekor.stg-rekor-system.svc',
      'http://tuf.stg-tuf-system.svc',
    ]);
    const readme = await place.text('README.md');
    expect(readme).toContain('`stg-tuf-system/tuf-root`');
    expect(readme).not.toMatch(/\{\{|[^-]tuf-system/);
    // The folder has clients' pinned root: the other stack's does not take its place.
    expect(await place.tried(store)).toMatchObject({ status: 78 });
  });

  it('names the namespace where there is no stack', async () => {
    const { status, stderr } = await place.tried(await stack(), '--namespace=stg-tuf-system');
    expect(status).toBe(69);
    expect(stderr).toContain('Secret stg-tuf-system/tuf-root');
  });

  it('unsets the URL of a service that the stack has not', async () => {
    await place.exported(await stack('--without=tsa'));
    expect((await sourced(['{TSA_URL-unset}', 'REKOR_URL'])).values).toEqual([
      'unset',
      'http://rekor.rekor-system.svc',
    ]);
  });

  it('tells monitors where the CT logs from before a move are read, and unsets that where there was none', async () => {
    const store = await stack();
    await place.exported(store);
    const names = ['{OLD_CTLOG_URLS-unset}', 'CTLOG_URL'];
    const ctlog = `${services.ctlog}/${ctlogPrefix}`;
    expect((await sourced(names)).values).toEqual(['unset', ctlog]);
    const key = fingerprint(parsePublicKey(inputs('first').ctlog.public!));
    const annotations = { [oldLogsNote]: oldLogsText([{ key, tree: '11' }]) };
    const change = { data: inputs('second').ctlog, annotations };
    await store.write(copies.ctlog, change, await store.read(copies.ctlog));
    expect(await runJob(createTuf(), store)).toMatchObject({ status: 0 });
    await place.exported(store);
    expect((await sourced(names)).values).toEqual([`${ctlog}/old/11`, ctlog]);
  });

  it('gives gitsign the old CA beside the new one, and the log that is written to now', async () => {
    const store = await stack();
    await place.exported(store);
    const [ca, rekor] = [await place.text('fulcio.crt.pem'), await place.text('rekor.pub')];
    await put(store, inputs('second'));
    expect(await runJob(createTuf(), store)).toMatchObject({ status: 0 });
    await place.exported(store);
    const both = await place.text('fulcio.crt.pem');
    expect(both.slice(0, ca.length)).toBe(ca);
    expect(both.slice(ca.length)).toMatch(/^-----BEGIN CERTIFICATE/);
    expect(await place.text('rekor.pub')).not.toBe(rekor);
    expect((await place.text('rekor.pub')).trim()).toBe(
      Buffer.from(inputs('second').rekor.public!).toString().trim(),
    );
  });

  it('pins the same root, whatever root the stack has by now', async () => {
    const store = await stack();
    await place.exported(store);
    const pinned = await place.text('1.root.json.sha256');
    for (const version of [2, 3]) {
      const rotated = await runJob(createTuf(), store, { args: ['--rotate-root'] });
      expect(rotated).toMatchObject({ status: 0 });
      await place.exported(store);
      const { files } = await stored(store);
      expect(Object.keys(files)).toContain(`${version}.root.json`);
      expect(await place.text('1.root.json.sha256')).toBe(pinned);
    }
    const sums = ['-c', 'cd "$0"; sha256sum -c 1.root.json.sha256', place.folder];
    expect(await run('bash', sums)).toMatchObject({ status: 0 });
  });

  it('has an env that finds its folder, wherever that is', async () => {
    await place.exported(await stack());
    const moved = join(place.work, "somebody's folder");
    await rename(place.folder, moved);
    for (const shell of ['bash', 'sh']) {
      const names = ['SIGSTAND_TRUST', 'TUF_ROOT_JSON', 'TUF_ROOT'];
      const { values, stderr } = await sourced(names, { shell, from: moved });
      expect({ values, stderr }).toEqual({
        values: [
          moved,
          join(moved, '1.root.json'),
          expect.stringMatching(/\/[0-9a-f]{12}\/cosign3$/),
        ],
        stderr: '',
      });
      expect(values[2]).toContain(join(moved, 'cache/'));
    }
  });

  it('has an env that says so where a shell does not tell its place', async () => {
    await place.exported(await stack());
    const script = '. "$1/env"';
    const { stderr } = await run('sh', ['-c', script, 'sh', place.folder]);
    expect(stderr).toContain('source it in bash or zsh');
  });

  it('quotes what a shell would take for a command', async () => {
    const url = "https://tuf.example.com/$(id>here)'`id`";
    await place.exported(await stack(), '--mirror', url, '--issuer', `${url};x`);
    expect(await sourced(['TUF_MIRROR', 'ISSUER_URL'])).toMatchObject({
      values: [url, `${url};x`],
      stderr: '',
    });
    expect(await readdir(place.folder)).not.toContain('here');
  });
});

describe('npm run export', () => {
  it('reads plain files, and takes paths from where it was called', async () => {
    const store = directoryStore(join(place.work, 'stack'));
    const data = await trustIn(await stack());
    await store.write(tufRoot, { data });
    const call = 'cd "$0"; npm --prefix "$1" run --silent export -- --store dir:stack --to here';
    const { status, stderr } = await run('bash', ['-c', call, place.work, root]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(new Uint8Array(await readFile(join(place.work, 'here/1.root.json')))).toEqual(data.root);
  });

  it('says what it does, with the statuses that it ends with', async () => {
    const { status, stdout } = await run('bash', ['scripts/export.sh', '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /--replace-root[\s\S]*64 [\s\S]*65 [\s\S]*69 [\s\S]*75 [\s\S]*77 [\s\S]*78 /,
    );
  });
});
