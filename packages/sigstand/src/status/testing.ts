import { generateKeyPairSync, sign } from 'node:crypto';
import type { Finding } from './finding.ts';
import { discoveryBy } from './issuer.ts';
import { look, type View } from './look.ts';
import recorded from './recorded.json' with { type: 'json' };
import { type Recording, replay } from './replay.ts';
import type { Answer, Asked } from './way.ts';

/* What a healthy stack answered once, and ways to break a link of it; for tests. */

export const recording: Recording = recorded;
export const { seen } = recording;
export const mirror = 'http://tuf.tuf-system.svc';
export const day = 86_400_000;
export const rekor = 'http://rekor.rekor-system.svc';
export const ctlog = 'http://ctlog.ctlog-system.svc/sigstorescaffolding';
export const fulcio = 'http://fulcio.fulcio-system.svc';
export const tsa = 'http://tsa.tsa-system.svc/api/v1/timestamp';

export type Change = (asked: Asked, was: Answer | undefined) => Answer | undefined;

export const looked = (change?: Change, view: Partial<View> = {}) => {
  const way = replay(recording, change);
  return look({
    ...{ way, seen, mirror, namespace: 'tuf-system', soon: 30 * day },
    ...{ now: () => new Date(), nonce: Buffer.from(recording.nonce, 'base64') },
    discovery: discoveryBy(way, undefined),
    ...view,
  });
};

/** Another answer to one URL. */
export const answering =
  (url: string, body: (was: Buffer) => string | Buffer, status = 200): Change =>
  (asked, was) =>
    asked.url === url
      ? { status, type: '', body: Buffer.from(body(was?.body ?? Buffer.alloc(0))) }
      : was;

export const silent =
  (origin: string): Change =>
  (asked, was) =>
    asked.url.startsWith(origin) ? undefined : was;

export const bodyOf = (url: string) =>
  Buffer.from(recording.answers[`GET ${url}`]?.body ?? '', 'base64').toString();

/** JSON with some of its fields changed. */
export const changed = (fields: (was: Record<string, string>) => object) => (was: Buffer) => {
  const object = JSON.parse(was.toString()) as Record<string, string>;
  return JSON.stringify({ ...object, ...fields(object) });
};

export const disorder = (findings: readonly Finding[]) =>
  findings
    .filter(({ outcome }) => outcome === 'fail' || outcome === 'warn')
    .map(({ outcome, check, subject, kind }) => [check, subject, kind ?? outcome]);

export const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const otherKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const tsaChain = bodyOf(`${tsa}/certchain`);
export const tsaRoot = tsaChain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)?.at(-1) ?? '';
export const fulcioRoot = JSON.parse(bodyOf(`${fulcio}/api/v2/trustBundle`)).chains[0]
  .certificates[0];
export const der = (pem: string) => pem.replaceAll(/-----[^-]+-----|\s/g, '');

/** The same checkpoint, signed by another key under the hint of the one that clients trust. */
export function signedByAnother({ signedTreeHead = '' }: Record<string, string>) {
  const [text = '', signatures = ''] = signedTreeHead.split(/(?<=\n)\n/);
  const [dash, name, own = ''] = signatures.trim().split(' ');
  const hint = Buffer.from(own, 'base64').subarray(0, 4);
  const signature = Buffer.concat([hint, sign('sha256', Buffer.from(text), privateKey)]);
  return { signedTreeHead: `${text}\n${dash} ${name} ${signature.toString('base64')}\n` };
}

export function sthByAnother(sth: Record<string, string>) {
  const signed = Buffer.alloc(50);
  signed.writeUInt8(1, 1);
  signed.writeBigUInt64BE(BigInt(sth.timestamp ?? 0), 2);
  signed.writeBigUInt64BE(BigInt(sth.tree_size ?? 0), 10);
  Buffer.from(sth.sha256_root_hash ?? '', 'base64').copy(signed, 18);
  const signature = sign('sha256', signed, privateKey);
  const head = Buffer.from([4, 3, 0, signature.length]);
  return { tree_head_signature: Buffer.concat([head, signature]).toString('base64') };
}
