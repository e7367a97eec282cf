// sigstore-js as a program of its own: what it keeps lies in $HOME, what it knows beforehand in the file that is named.
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { initTUF } from '@sigstore/tuf';
import { sign, verify } from 'sigstore';
import { told } from './told.ts';

const [verb = '', mirror = '', rootJson = '', blob = '', bundle = '', ...rest] =
  process.argv.slice(2);
const cachePath = join(homedir(), 'sigstore-js');
const tuf = { mirrorURL: mirror, rootPath: rootJson, cachePath };

const verbs: Record<string, () => Promise<void>> = {
  initialise,
  verify: verifyBlob,
  sign: signBlob,
};
await told(verbs[verb] ?? (() => Promise.reject(new Error(`no verb ${verb}`))));

async function initialise() {
  await initTUF(tuf);
}

async function verifyBlob() {
  const [issuer = '', identity = '', scts = '1'] = rest;
  await verify(JSON.parse(readFileSync(bundle, 'utf8')), readFileSync(blob), {
    tufMirrorURL: mirror,
    tufRootPath: rootJson,
    tufCachePath: cachePath,
    certificateIssuer: issuer,
    certificateIdentityURI: `^${identity}$`,
    ctLogThreshold: Number(scts),
  });
  process.stdout.write('Verified OK\n');
}

/** It knows no signing configuration: who uses it gives it the addresses, here those of the repository. */
async function signBlob() {
  const client = await initTUF(tuf);
  const config = JSON.parse(await client.getTarget('signing_config.v0.2.json'));
  const [ca, rekor, tsa] = [config.caUrls, config.rekorTlogUrls, config.tsaUrls].map(
    (services: readonly { url: string }[] = []) => services[0]?.url,
  );
  const signed = await sign(readFileSync(blob), {
    ...(ca ? { fulcioURL: ca } : {}),
    ...(rekor ? { rekorURL: rekor } : {}),
    // It adds the path itself.
    ...(tsa ? { tsaServerURL: new URL(tsa).origin } : {}),
  });
  writeFileSync(bundle, JSON.stringify(signed));
}
