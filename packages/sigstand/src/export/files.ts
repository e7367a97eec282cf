import { sha256 } from '@sigstand/createtuf/metadata';
import { pageFile } from '@sigstand/createtuf/page-file';
import { targetFileName } from '@sigstand/createtuf/repository';
import { shellWord } from '@sigstand/createtuf/shell-word';
import { utf8 } from '@sigstand/pki/pem';
import type { Data } from '@sigstand/store/store';
import { type Admission, admissionFiles } from './admission.ts';
import { authorityFile, authorityVariables } from './authority.ts';
import { textsIn } from './texts.ts';
import type { Services, Trust } from './trust.ts';

/** The file that clients pin. */
export const rootFile = '1.root.json';

/** Where the trust comes from: the namespace, and where clients reach the repository that is in it. */
export interface Source {
  readonly namespace: string;
  readonly mirror: string;
  /** Who signed the certificates of the services, where clients do not know. */
  readonly authority?: Uint8Array | undefined;
}

/** The files of an export; the same trust always makes the same files. @throws {JobError} */
export function filesOf(trust: Trust, source: Source, admission?: Admission): Data {
  const { mirror, namespace, authority } = source;
  const { root, repository, page, trustedRoot, signingConfig, keys } = trust;
  const sum = sha256(root);
  // The files for clients are the same for every stack: they take all that differs from env.
  const { 'README.md': readmeText = '', ...clients } = textsIn('clients');
  const texts = {
    [`${rootFile}.sha256`]: `${sum}  ${rootFile}\n`,
    'client_trust_config.json': clientTrustConfig(trust, json(signingConfig)),
    'client_trust_config.v0.1.json': clientTrustConfig(trust, firstSigningConfig(trust.services)),
    'trusted_root.jsonl': `${JSON.stringify(json(trustedRoot))}\n`,
    env: environment(trust.services, { mirror, sum, authority: authority !== undefined }),
    'README.md': readme(readmeText, { mirror, namespace, sha256: sum }),
    ...admissionFiles(trust, mirror, admission),
    ...clients,
  };
  return {
    [rootFile]: root,
    'repository.tar.gz': repository,
    [pageFile]: page(mirror),
    'trusted_root.json': trustedRoot,
    'signing_config.v0.2.json': signingConfig,
    ...(authority && { [authorityFile]: authority }),
    ...(keys.fulcio && { 'fulcio.crt.pem': keys.fulcio }),
    ...(keys.rekor && { 'rekor.pub': keys.rekor }),
    ...(keys.ctlog && { 'ctfe.pub': keys.ctlog }),
    ...(keys.tsa && { 'tsa.crt.pem': keys.tsa }),
    ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, utf8(text)])),
  };
}

/**
 * When the content of each file was signed: the root, the archive and the page by their own word, all else by the list of targets
 * that it is made from. The same trust has the same times.
 */
export function timesOf({ trustedRoot, signed }: Trust): (name: string) => Date {
  const listed = signed(targetFileName('trusted_root.json', trustedRoot));
  const own: Record<string, Date> = {
    [rootFile]: signed(rootFile),
    [`${rootFile}.sha256`]: signed(rootFile),
    'repository.tar.gz': signed('timestamp.json'),
    [pageFile]: signed('timestamp.json'),
  };
  return (name) => own[name] ?? listed;
}

const json = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

/** Both documents in one, as sigstore's ClientTrustConfig has it; the trusted root stands in it as it is. */
function clientTrustConfig({ trustedRoot }: Trust, signingConfig: unknown): string {
  const config = {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot: json(trustedRoot),
    signingConfig,
  };
  return `${JSON.stringify(config, null, 1)}\n`;
}

/** The form before signing_config.v0.2.json, with room for one CA and one issuer: sigstore-python 3 reads no other. */
function firstSigningConfig({ fulcio, issuer, rekor, tsa }: Services): object {
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json',
    caUrl: fulcio ?? '',
    oidcUrl: issuer ?? '',
    tlogUrls: rekor ? [rekor] : [],
    tsaUrls: tsa ? [tsa] : [],
  };
}

interface Start {
  readonly mirror: string;
  readonly sum: string;
  readonly authority: boolean;
}

function environment(services: Services, { mirror, sum, authority }: Start): string {
  const urls = {
    FULCIO_URL: services.fulcio,
    REKOR_URL: services.rekor,
    CTLOG_URL: services.ctlog,
    OLD_CTLOG_URLS: services.oldCtlogs?.join(' '),
    TSA_URL: services.tsa,
    ISSUER_URL: services.issuer,
  };
  const lines = Object.entries(urls).map(([name, url]) =>
    // One of another stack may be set.
    url === undefined ? `unset ${name}` : `export ${name}=${shellWord(url)}`,
  );
  return `# source ./env: where the stack is, and what a client starts from. README.md says more.
SIGSTAND_TRUST=$(cd "$(dirname "\${BASH_SOURCE:-$0}")" && pwd)
export SIGSTAND_TRUST
export TUF_MIRROR=${shellWord(mirror)}
export TUF_ROOT_JSON=$SIGSTAND_TRUST/${rootFile}
[ -f "$TUF_ROOT_JSON" ] || echo 'env: this shell does not tell where env lies; source it in bash or zsh' >&2
# Each client keeps what it trusts in a folder of its own below this one: by the first root, so that no two stacks
# share it, and never where it keeps the public Sigstore's.
export TRUST_CACHE=\${SIGSTAND_CACHE_HOME:-$SIGSTAND_TRUST/cache}/${sum.slice(0, 12)}
export TUF_ROOT=$TRUST_CACHE/cosign3
${lines.join('\n')}
${authority ? authorityVariables() : ''}`;
}

function readme(
  template: string,
  values: Readonly<Record<'mirror' | 'namespace' | 'sha256', string>>,
): string {
  return template.replaceAll(
    /\{\{(mirror|namespace|sha256)\}\}/g,
    (_whole, name: keyof typeof values) => values[name],
  );
}
