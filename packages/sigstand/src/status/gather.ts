import { createHash, type X509Certificate } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { needsProof, type Proof } from './consistency.ts';
import type { Finding } from './finding.ts';
import { issuerIn } from './issuer.ts';
import { judgeCtlog, readSth } from './judge-ctlog.ts';
import { judgeFulcio, rootsOf } from './judge-fulcio.ts';
import { headIn, judgeRekor, readInfo, seenOf, treesIn } from './judge-rekor.ts';
import { judgeTsa } from './judge-tsa.ts';
import { type SeenHead, seenHead } from './seen.ts';
import { chainOf, covers, type Trust, urlsOf } from './trust.ts';
import { type Asked, type Heard, heard, type Way } from './way.ts';

/** Whom the services are asked by, and what their answers are held against. */
export interface Asking {
  readonly way: Way;
  readonly trust: Trust;
  readonly now: () => Date;
  /** The heads of logs that were seen, by their URLs. */
  readonly seen: Readonly<Record<string, SeenHead>>;
  /** What the timestamp authority is asked to stamp: bytes that nobody has stamped before. */
  readonly nonce: Uint8Array;
  /** An issuer's discovery document, by its URL. */
  readonly discovery: (issuer: string) => Promise<Heard>;
}

/** What was found of the services, and the heads of the logs that are in order. */
export interface Gathered {
  readonly findings: readonly Finding[];
  readonly heads: Readonly<Record<string, SeenHead>>;
}

/** Asks every service that the documents name, all at once. */
export async function gather(asking: Asking): Promise<Gathered> {
  const { trust, now } = asking;
  const { config, root } = trust;
  const at = now();
  const rekors = urlsOf(config.rekorTlogUrls, at);
  const ctlogs = root.ctlogs.filter(({ publicKey }) => covers(publicKey?.validFor, at));
  const urls = (services: typeof config.caUrls) => urlsOf(services, at).map(({ url }) => url);
  const fulcios = await Promise.all(urls(config.caUrls).map((url) => fulcio(asking, url)));
  const live = fulcios.flatMap(({ roots }) => roots);
  const trusted = root.certificateAuthorities
    .filter(({ validFor }) => covers(validFor, at))
    .flatMap((one) => chainOf(one).at(-1) ?? []);
  const logs = await Promise.all([
    ...rekors.map(({ url, version }) => (version === 1 ? rekor(asking, url) : later(url))),
    ...ctlogs.map(({ baseUrl }) => ctlog(asking, baseUrl, live.length > 0 ? live : trusted)),
  ]);
  const others = await Promise.all([
    ...urls(config.tsaUrls).map((url) => tsa(asking, url)),
    ...urls(config.oidcUrls).map(async (url) => [issuerIn(url, await asking.discovery(url))]),
  ]);
  return {
    findings: [...fulcios, ...logs].flatMap(({ findings }) => findings).concat(others.flat()),
    heads: Object.assign({}, ...logs.map(({ head }) => head)),
  };
}

interface Log {
  readonly findings: readonly Finding[];
  readonly head: Readonly<Record<string, SeenHead>>;
}

async function later(url: string): Promise<Log> {
  const says = 'Rekor v2 is not looked at yet';
  return { findings: [{ check: 'rekor-tree', subject: url, outcome: 'none', says }], head: {} };
}

async function fulcio({ way, trust, now }: Asking, url: string) {
  const [bundle, configuration] = await Promise.all([
    heard(way, { url: `${url}/api/v2/trustBundle` }),
    heard(way, { url: `${url}/api/v2/configuration` }),
  ]);
  const authorities = trust.root.certificateAuthorities;
  const issuers = urlsOf(trust.config.oidcUrls, now()).map((one) => one.url);
  const roots: X509Certificate[] = rootsOf(bundle);
  const findings = judgeFulcio(
    { url, bundle, configuration },
    { authorities, issuers, now: now() },
  );
  return { findings, roots };
}

async function rekor({ way, trust, now, seen: all }: Asking, url: string): Promise<Log> {
  const seen = all[url];
  const api = `${url}/api/v1/log`;
  const [info, key] = await Promise.all([
    heard(way, { url: api }),
    heard(way, { url: `${api}/publicKey` }),
  ]);
  const trees = quietly(info, (body) => treesIn(readInfo(body))) ?? [];
  const heads = trees.flatMap(({ treeID, signedTreeHead }) => {
    const head = quietly(signedTreeHead, headIn);
    return head ? [{ tree: treeID, head }] : [];
  });
  const proofs: Record<string, Proof> = {};
  for (const { tree, head } of heads) {
    const before = seenOf(seen, tree);
    if (before === undefined || !needsProof(before, head)) continue;
    const query = `firstSize=${before.size}&lastSize=${head.size}&treeID=${tree}`;
    proofs[tree] = await proofBy(way, { url: `${api}/proof?${query}` }, 'hashes', 'hex');
  }
  const tlogs = trust.material.tlogs;
  const findings = judgeRekor({ url, info, key, seen, proofs }, { tlogs, now: now() });
  const [active, ...before] = heads.map(({ tree, head }) => seenHead(head, tree));
  const kept = active && { ...active, ...(before.length > 0 && { before }) };
  return { findings, head: kept && sound(findings) ? { [url]: kept } : {} };
}

async function ctlog(
  { way, trust, now, seen: all }: Asking,
  url: string,
  fulcio: readonly X509Certificate[],
): Promise<Log> {
  const seen = all[url];
  const api = `${url.replace(/\/+$/, '')}/ct/v1`;
  const [sth, roots] = await Promise.all([
    heard(way, { url: `${api}/get-sth` }),
    heard(way, { url: `${api}/get-roots` }),
  ]);
  const head = quietly(sth, readSth);
  let proof: Proof = [];
  if (head && seen && needsProof(seen, head)) {
    const asked = { url: `${api}/get-sth-consistency?first=${seen.size}&second=${head.size}` };
    proof = await proofBy(way, asked, 'consistency', 'base64');
  }
  const { ctlogs } = trust.material;
  const findings = judgeCtlog({ url, sth, roots, seen, proof }, { ctlogs, now: now(), fulcio });
  return { findings, head: head && sound(findings) ? { [url]: seenHead(head) } : {} };
}

/** What is in disorder is not remembered: the next run is to compare with what was before. */
function sound(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome }) => outcome !== 'fail');
}

async function tsa(
  { way, trust, now, nonce: stamped }: Asking,
  url: string,
): Promise<readonly Finding[]> {
  const artifactHash = createHash('sha256').update(stamped).digest('base64');
  const body = JSON.stringify({ artifactHash, hashAlgorithm: 'sha256' });
  const asked = now();
  const [chain, timestamp] = await Promise.all([
    heard(way, { url: `${url}/certchain` }),
    heard(way, { url, method: 'POST', type: 'application/json', body }),
  ]);
  return judgeTsa(
    { url, chain, timestamp, stamped, between: [asked, now()] },
    {
      authorities: trust.root.timestampAuthorities,
      material: trust.material.timestampAuthorities,
      now: now(),
    },
  );
}

async function proofBy(
  way: Way,
  asked: Asked,
  field: string,
  encoding: 'hex' | 'base64',
): Promise<Proof> {
  const body = await heard(way, asked);
  if (body instanceof JobError) return body;
  try {
    const hashes = (JSON.parse(body.toString())[field] ?? []) as string[];
    return hashes.map((hash) => Buffer.from(hash, encoding));
  } catch {
    return []; // which proves nothing
  }
}

/** What an answer says; undefined where it is none, or not what it should be, which a line of its own says. */
function quietly<Given, T>(answer: Given | JobError, read: (answer: Given) => T): T | undefined {
  try {
    return answer instanceof JobError ? undefined : read(answer);
  } catch {
    return undefined;
  }
}
