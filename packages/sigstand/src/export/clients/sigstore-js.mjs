// sigstore-js: signs a file, and verifies it. Run with sigstore 5.0.1 (npm install sigstore@5.0.1).
//
//   source ./env
//   node sigstore-js.mjs sign FILE       writes FILE.sigstore.json
//   node sigstore-js.mjs verify FILE
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sign, verify } from 'sigstore';

/** Without an address, sigstore-js asks the public Sigstore. */
function env(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: source ./env, and see README.md`);
  return value;
}

const [action, file] = process.argv.slice(2);
const payload = await readFile(file);
const bundle = `${file}.sigstore.json`;

if (action === 'sign') {
  const signed = await sign(payload, {
    fulcioURL: env('FULCIO_URL'),
    rekorURL: env('REKOR_URL'),
    tsaServerURL: process.env.TSA_URL,
    identityToken: env('SIGSTORE_ID_TOKEN'),
  });
  await writeFile(bundle, JSON.stringify(signed));
} else if (action === 'verify') {
  const { identity } = await verify(JSON.parse(await readFile(bundle, 'utf8')), payload, {
    tufMirrorURL: env('TUF_MIRROR'),
    tufRootPath: env('TUF_ROOT_JSON'),
    tufCachePath: join(env('TRUST_CACHE'), 'sigstore-js'),
    certificateIdentityURI: env('IDENTITY'),
    certificateIssuer: env('ISSUER_URL'),
  });
  console.log(`${file} was signed by ${identity.subjectAlternativeName}`);
} else {
  throw new Error('sign FILE, or verify FILE');
}
