import { createHash, type X509Certificate } from 'node:crypto';
import { type Asking, type Log, proofBy, quietly, sound } from './asking.ts';
import { needsProof, type Proof } from './consistency.ts';
import { ctlog, ctlogsIn } from './ctlog.ts';
import type { Finding } from './finding.ts';
import { issuerIn } from './issuer.ts';
import { judgeFulcio, rootsOf } from './judge-fulcio.ts';
import { headIn, judgeRekor, readInfo, seenOf, treesIn } from './judge-rekor.ts';
import { judgeTsa } from './judge-tsa.ts';
import { type SeenHead, seenHead } from './seen.ts';
import { chainOf, covers, urlsOf } from './trust.ts';
import { heard } from './way.ts';

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
  const urls = (services: typeof config.caUrls) => urlsOf(services, at).map(({ url }) => url);
  const fulcios = await Promise.all(urls(config.caUrls).map((url) => fulcio(asking, url)));
  const live = fulcios.flatMap(({ roots }) => roots);
  const trusted = root.certificateAuthorities
    .filter(({ validFor }) => covers(validFor, at))
    .flatMap((one) => chainOf(one).at(-1) ?? []);
  const logs = await Promise.all([
    ...rekors.map(({ url, version }) => (version === 1 ? rekor(asking, url) : later(url))),
    ...ctlogsIn(root, at).map((one) => ctlog(asking, one, live.length > 0 ? live : trusted)),
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
  const [active, ...before] = heads.map(({ tree, head }) => seenHead(head, { tree }));
  const kept = active && { ...active, ...(before.length > 0 && { before }) };
  return { findings, head: kept && sound(findings) ? { [url]: kept } : {} };
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
