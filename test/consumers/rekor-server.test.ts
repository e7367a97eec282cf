import { execFile } from 'node:child_process';
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rekorConfig, rekorSigningSecret } from '@sigstand/contracts/records';
import { trustedRoot, trustedRootJson } from '@sigstand/createtuf/trusted-root';
import { fingerprint, publicPem } from '@sigstand/pki/keys';
import { openssl } from '@sigstand/pki/testing';
import { describe, expect, it } from 'vitest';
import { goldenWanted } from '../golden/build.ts';
import { binary } from '../programs/binaries.ts';
import { onRekor } from './on-rekor.ts';

const hostname = 'rekor.rekor-system.svc';

const here = onRekor('rekor');
const { makeKey, plantTree, recorded, secret, serve } = here;

/** What rekor-cli answers; it verifies what it gets with the key that the server names. */
async function rekorCli<T>(url: string, command: string, ...args: string[]): Promise<T> {
  const all = [command, `--rekor_server=${url}`, '--format=json', '--retry=0', ...args];
  // It keeps what it saw of the log in its home.
  const env = { ...process.env, HOME: here.folder };
  return JSON.parse((await promisify(execFile)(binary('rekor-cli'), all, { env })).stdout);
}

/** Uploads the signature over an artifact that there was not before; resolves to the artifact's hash. */
async function upload(url: string) {
  const artifact = randomBytes(32);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const files = {
    artifact,
    signature: sign('sha256', artifact, privateKey),
    'public-key': publicPem(publicKey),
  };
  const flags = Object.keys(files).map((name) => `--${name}=${join(here.folder, name)}`);
  for (const [name, bytes] of Object.entries(files))
    await writeFile(join(here.folder, name), bytes);
  const { Location: path } = await rekorCli<{ Location: string }>(url, 'upload', ...flags);
  return { path, flags, sha256: createHash('sha256').update(artifact).digest('hex') };
}

interface Entry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: { readonly checkpoint: string };
  };
}

async function entryAt(url: string): Promise<[uuid: string, Entry]> {
  const entries = (await (await fetch(url)).json()) as Record<string, Entry>;
  return Object.entries(entries)[0]!;
}

function isSigned(data: string, signature: Buffer, key: KeyObject): boolean {
  // Rekor hashes with SHA-256 whatever the curve is.
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(hash, Buffer.from(data), key, signature);
}

/** Verifies the promise that Rekor gives for an entry: the canonical JSON (RFC 8785) of four fields. */
function isPromised(
  { body, integratedTime, logID, logIndex, verification }: Entry,
  key: KeyObject,
) {
  const promise = Buffer.from(verification.signedEntryTimestamp, 'base64');
  return isSigned(JSON.stringify({ body, integratedTime, logID, logIndex }), promise, key);
}

/** Verifies a signed note with one signature (C2SP signed-note): text, empty line, signature line. */
function isNoted(note: string, key: KeyObject): boolean {
  const [text, line] = note.split('\n\n');
  const signature = Buffer.from(line!.trim().split(' ')[2]!, 'base64');
  // Four octets of the key's hash stand before the signature.
  return isSigned(`${text}\n`, signature.subarray(4), key);
}

async function publicKeyOf(url: string): Promise<KeyObject> {
  return createPublicKey(await (await fetch(`${url}/api/v1/log/publicKey`)).text());
}

/** Signs with cosign 3 into the log at the URL, and verifies, with a trusted root that names its key. */
async function signAndVerify(url: string, key: KeyObject): Promise<void> {
  const { material, addresses } = goldenWanted;
  const trusted = trustedRoot(
    { ...material, rekor: { key, created: undefined } },
    { ...addresses, rekor: [url] },
  );
  const service = { majorApiVersion: 1, validFor: { start: '2020-01-01T00:00:00Z' } };
  const signing = {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    rekorTlogUrls: [{ ...service, url, operator: 'sigstand' }],
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
  };
  await writeFile(join(here.folder, 'trusted.json'), trustedRootJson(trusted));
  await writeFile(join(here.folder, 'signing.json'), JSON.stringify(signing));
  await writeFile(join(here.folder, 'blob'), randomBytes(32));
  const env = { ...process.env, HOME: here.folder, COSIGN_PASSWORD: '' };
  const cosign = (...args: string[]) =>
    promisify(execFile)(binary('cosign3'), args, { env, cwd: here.folder });
  const rest = ['--trusted-root=trusted.json', '--bundle=bundle.json', 'blob'];
  await cosign('generate-key-pair');
  await cosign('sign-blob', '--yes', '--key=cosign.key', '--signing-config=signing.json', ...rest);
  await cosign('verify-blob', '--key=cosign.pub', ...rest);
}

describe('rekor-server on what createtree and createsecret wrote', () => {
  it.each(['ecdsa-p256', 'ecdsa-p384', 'ed25519'])(
    'signs with the %s key that is published, into the tree that is recorded',
    async (type) => {
      await plantTree();
      const key = await makeKey(`--key-type=${type}`);
      const url = await serve();
      expect((await publicKeyOf(url)).equals(key)).toBe(true);

      const { path, flags, sha256 } = await upload(url);
      const [uuid, entry] = await entryAt(`${url}${path}`);
      expect(entry.logID).toBe(fingerprint(key));
      expect(isPromised(entry, key)).toBe(true);
      const { checkpoint } = entry.verification.inclusionProof;
      const tree = await recorded(rekorConfig, 'treeID');
      expect(checkpoint.split('\n')[0]).toBe(`${hostname} - ${tree}`);
      expect(isNoted(checkpoint, key)).toBe(true);

      expect(await rekorCli(url, 'search', `--sha=${sha256}`)).toEqual({ UUIDs: [uuid] });
      expect(await rekorCli(url, 'verify', ...flags)).toMatchObject({ EntryUUID: uuid });
      expect(await rekorCli(url, 'loginfo')).toMatchObject({ ActiveTreeSize: 1, TreeID: tree });
    },
  );

  it('goes on with its key and its entries after the Jobs and Rekor ran again', async () => {
    await plantTree();
    const key = await makeKey();
    const { path } = await upload(await serve());
    await here.server!.stop();
    await plantTree();
    await makeKey('--key-type=ed25519');
    const url = await serve();
    expect((await publicKeyOf(url)).equals(key)).toBe(true);
    const [, entry] = await entryAt(`${url}${path}`);
    expect(isPromised(entry, key)).toBe(true);
    expect(await rekorCli(url, 'loginfo')).toMatchObject({ ActiveTreeSize: 1 });
  });

  it.each(['sealed', 'plain'])('signs with a %s key of openssl that was given', async (form) => {
    const key = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    const sealed = openssl(['pkcs8', '-topk8', '-passout', 'pass:brought'], key);
    const password = { 'signing-secret-password': new Uint8Array(Buffer.from('brought')) };
    const data =
      form === 'plain'
        ? { 'signing-secret': new Uint8Array(key) }
        : { 'signing-secret': new Uint8Array(sealed), ...password };
    await here.store.write(rekorSigningSecret, { data });
    await plantTree();
    expect((await makeKey()).equals(createPublicKey(key))).toBe(true);
    const url = await serve();
    expect((await publicKeyOf(url)).equals(createPublicKey(key))).toBe(true);
    const [, entry] = await entryAt(`${url}${(await upload(url)).path}`);
    expect(isPromised(entry, createPublicKey(key))).toBe(true);
  });

  it('shows its passwords to nobody who asks its profiler', async () => {
    await plantTree();
    await makeKey();
    await serve();
    // The port of its metrics is fixed, and opens at no certain time after the other.
    const ask = async () => (await fetch('http://127.0.0.1:2112/debug/pprof/cmdline')).text();
    await expect.poll(ask, { timeout: 10_000 }).toContain('--rekor_server.signer=');
    const shown = await ask();
    expect(shown).not.toContain(here.trillian.dsn);
    expect(shown).not.toContain(await readFile(secret('signing-secret-password'), 'utf8'));
  });

  it('has a key by default that cosign 3 verifies with', async () => {
    await plantTree();
    const key = await makeKey();
    await signAndVerify(await serve(), key);
  });

  it.each([
    ['ecdsa-p384', 'signature on checkpoint did not verify'],
    ['ed25519', 'not enough verified log entries from transparency log'],
  ])('serves with an %s key, and cosign 3 refuses its entries', async (type, words) => {
    await plantTree();
    const key = await makeKey(`--key-type=${type}`);
    await expect(signAndVerify(await serve(), key)).rejects.toThrow(words);
  });
});
