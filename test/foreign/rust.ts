import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { supplied } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { beforeAll, expect, it } from 'vitest';
import { issuer, tokenOf } from '../cluster/cosign.ts';
import { type Result, type Rig, rig, root } from '../cluster/rig.ts';
import { mirror } from '../cluster/stack.ts';
import { binary } from '../programs/binaries.ts';
import type { Ground } from './ground.ts';
import { subject } from './issuer.ts';

const file = 'sigstore-rust.rs';

/** Sigstore's crates for Rust, by the program that the export has, as it was exported. */
export function describeRust(
  of: () => Ground & { readonly trust: string },
  asPerson: (script: string, program?: string) => Promise<Result>,
): void {
  const place = () => join(of().work, 'rust');
  /** On what `beforeAll` signed: cosign the one file, sigstore-rust the other. */
  const on = (who: string, script: string) =>
    asPerson(
      `export SIGSTAND_CACHE_HOME=${place()}/cache FILE='${place()}/${who}'\nsource ./env\n${script}`,
      dirname(binary('sigstore-rust')),
    );
  const byMirror = 'sigstore-rust verify "$FILE"';
  const byFile = `${byMirror} trusted_root.json`;

  beforeAll(async () => {
    await rig('foreign').must(['build', 'sigstore-rust'], { timeout: 3_600_000 });
    await mkdir(place());
    for (const who of ['cosign', 'cosign attest-blob', 'sigstore-rust'])
      await writeFile(join(place(), who), `signed by ${who}\n`);
    await strangersIn(place());
    const sign = [
      await on('cosign', 'cosign sign-blob --yes --bundle "$FILE.sigstore.json" "$FILE"'),
      await on(
        'cosign attest-blob',
        `echo '{}' >"$TMPDIR/predicate"; cosign attest-blob --yes --type custom \\
          --predicate "$TMPDIR/predicate" --bundle "$FILE.sigstore.json" "$FILE"`,
      ),
      await on('sigstore-rust', 'sigstore-rust sign "$FILE"'),
    ];
    for (const { status, stdout, stderr } of sign) expect(status, stdout + stderr).toBe(0);
  }, 3_600_000);

  it('is compiled from the file as it was exported, with the crates that it names', async () => {
    const exported = await readFile(join(of().trust, file), 'utf8');
    const compiled = join(root, 'packages/sigstand/src/export/clients', file);
    expect(exported).toBe(await readFile(compiled, 'utf8'));
    const pins = await readFile(join(root, 'test/rig/sigstore-rust/Cargo.toml'), 'utf8');
    const lock = await readFile(join(root, 'test/rig/sigstore-rust/Cargo.lock'), 'utf8');
    const crates = [...pins.matchAll(/^(sigstore-\w+) = "(.*)"$/gm)];
    expect(crates).toHaveLength(2);
    for (const [, name, version] of crates) {
      expect(exported).toMatch(new RegExp(`^// .*Run with .*${name} ${version}\\b`, 'm'));
      expect(exported).toMatch(new RegExp(`^// +cargo add .*${name}@${version}\\b`, 'm'));
      expect(lock).toContain(`name = "${name}"\nversion = "${version}"\n`);
    }
    const readme = await readFile(join(of().trust, 'README.md'), 'utf8');
    expect(readme).toContain(`| sigstore-rust | \`${file}\` | run with ${crates[0]?.[2]} |`);
  });

  it.each([
    ['cosign', byMirror],
    ['cosign', byFile],
    ['cosign attest-blob', byMirror],
    ['cosign attest-blob', byFile],
    ['sigstore-rust', byMirror],
    ['sigstore-rust', byFile],
  ])('verifies what %s signed: %s', async (who, verify) => {
    const { status, stdout, stderr } = await on(who, verify);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`${place()}/${who} was signed by ${subject}\n`);
  });

  it('signs what cosign verifies', async () => {
    const { status, stdout, stderr } = await on(
      'sigstore-rust',
      `cosign verify-blob --bundle "$FILE.sigstore.json" --use-signed-timestamps \\
        --certificate-identity "$IDENTITY" --certificate-oidc-issuer "$ISSUER_URL" "$FILE"`,
    );
    expect({ status, said: stdout + stderr }).toEqual({
      status: 0,
      said: expect.stringContaining('Verified OK'),
    });
  });

  it('signs as a service account, by a token of the cluster', async () => {
    const { SIGSTORE_ID_TOKEN: token } = await tokenOf(of().cluster, 'default');
    await writeFile(join(place(), 'token'), token, { mode: 0o600 });
    await writeFile(join(place(), 'account'), 'signed by a service account\n');
    const account = 'https://kubernetes.io/namespaces/default/serviceaccounts/default';
    const { status, stdout, stderr } = await on(
      'account',
      `SIGSTORE_ID_TOKEN=$(cat ${place()}/token) ISSUER_URL=${issuer} IDENTITY=${account}
      sigstore-rust sign "$FILE"\n${byMirror}\n${byFile}`,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`${place()}/account was signed by ${account}\n`.repeat(2));
  });

  it('verifies by the file alone where there is no network', async () => {
    expect(await on('cosign', `unshare --net ${byFile}`)).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    [
      'another signer',
      'IDENTITY=nobody@bar.com',
      byMirror,
      /^identity mismatch: expected nobody@bar.com/,
    ],
    [
      'another signer, by the file',
      'IDENTITY=nobody@bar.com',
      byFile,
      /^identity mismatch: expected nobody@bar.com/,
    ],
    [
      'another issuer',
      'ISSUER_URL=http://fakeoidc',
      byMirror,
      /^issuer mismatch: expected http:..fakeoidc,/,
    ],
    [
      'another issuer, by the file',
      'ISSUER_URL=http://fakeoidc',
      byFile,
      /^issuer mismatch: expected http:..fakeoidc,/,
    ],
    [
      'another file',
      'cp "$FILE.sigstore.json" "$TMPDIR/a.sigstore.json"; FILE=$TMPDIR/a; echo >"$FILE"',
      byFile,
      /^(artifact mismatch|invalid signature): /,
    ],
    [
      'the root of another stack',
      'export TUF_ROOT_JSON=$(dirname "$FILE")/strangers.json TRUST_CACHE=$TMPDIR/strangers',
      byMirror,
      /signature threshold not met for role \S*timestamp/i,
    ],
    [
      'what another stack trusts',
      '',
      'sigstore-rust verify "$FILE" "$(dirname "$FILE")/strangers-trust.json"',
      /TSA timestamp verification failed/,
    ],
  ])('refuses %s', async (_what, change, verify, reason) => {
    const { status, stdout, stderr } = await on('cosign', `${change}\n${verify}`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(reason);
  });

  it('keeps what it trusts in a folder of its own, and nothing at home', async () => {
    const said = await on(
      'cosign',
      `${byMirror} >&2\nfind "$HOME" -name '.*' -prune\nls "$TRUST_CACHE/sigstore-rust"`,
    );
    expect(said).toMatchObject({ status: 0, stdout: expect.stringContaining('root.json\n') });
    expect(said.stdout).not.toContain(of().work);
  });

  it('follows the root of the repository through its rotations, and from the first one anew', async () => {
    await rotateRoot(of().cluster, 3);
    const kept = `jq .signed.version "$TRUST_CACHE/sigstore-rust/root.json"`;
    const before = await on('cosign', kept);
    expect(before).toMatchObject({ status: 0, stdout: '1\n' });
    const after = await on('cosign', `${byMirror} >&2\n${kept}`);
    expect(after, after.stderr).toMatchObject({ status: 0, stdout: '4\n' });
    const anew = await on('cosign', `TRUST_CACHE=$TMPDIR/anew\n${byMirror} >&2\n${kept}`);
    expect(anew, anew.stderr).toMatchObject({ status: 0, stdout: '4\n' });
  });
}

/** The first root of another stack, whose names and URLs are the same, and what its clients trust. */
async function strangersIn(folder: string): Promise<void> {
  const other = await supplied();
  await runJob(createTuf(), other);
  await writeFile(join(folder, 'strangers.json'), (await other.read(tufRoot))?.data.root ?? '');
  const files = Object.entries((await other.read(tufRepository))?.data ?? {});
  const [, trusted] = files.find(([name]) => name.endsWith('.trusted_root.json')) ?? [];
  if (trusted === undefined) throw new Error('the other stack publishes no trusted_root.json');
  await writeFile(join(folder, 'strangers-trust.json'), trusted);
}

/** As docs/rotation.md has it, and waits until the mirror has the last of the roots. */
async function rotateRoot(cluster: Rig, times: number): Promise<void> {
  const there = ['-n', 'tuf-system'];
  for (let time = 1; time <= times; time += 1) {
    const name = `rotate-root-${time}`;
    const from = ['--from=cronjob/createtuf', name, '--dry-run=client', '-o', 'json'];
    const job = JSON.parse(await cluster.kubectl('create', 'job', ...there, ...from));
    job.spec.template.spec.containers[0].args = ['--rotate-root'];
    await cluster.apply(JSON.stringify(job));
    const done = ['--for=condition=Complete', '--timeout=3m', `job/${name}`];
    await cluster.kubectl('wait', ...there, ...done);
  }
  // The kubelet looks at a ConfigMap again at once when the Pod changes.
  const now = `sigstand.dev/touched=${Date.now()}`;
  const pods = ['-l', 'app.kubernetes.io/name=tuf', '--overwrite', now];
  await cluster.kubectl('annotate', 'pods', ...there, ...pods);
  const last = `${mirror}/${times + 1}.root.json`;
  const until = ['--retry', '90', '--retry-delay', '1', '--retry-all-errors'];
  await cluster.mustExec(['curl', '-sSf', '-o', '/dev/null', ...until, last]);
}
