// Writes anew what the tests of sigstand status replay: what a healthy stack answers, which has grown since it was seen.
// In the network of a stack with entries: test/rig/rig exec -- node test/cluster/record-status.ts

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clusterAccess } from '@sigstand/store/access';
import { openFront } from '../../packages/sigstand/src/status/front.ts';
import { gather } from '../../packages/sigstand/src/status/gather.ts';
import { discoveryBy } from '../../packages/sigstand/src/status/issuer.ts';
import { type Recording, recording } from '../../packages/sigstand/src/status/replay.ts';
import { judgeSignature } from '../../packages/sigstand/src/status/signature.ts';
import { readTrust } from '../../packages/sigstand/src/status/trust.ts';
import { follow } from '../../packages/sigstand/src/status/tuf-client.ts';
import { heard, wayBy } from '../../packages/sigstand/src/status/way.ts';
import { tokenFor } from '../../packages/sigstand/src/token.ts';
import { root } from './rig.ts';

const answers: Record<string, Recording['answers'][string]> = {};
const way = wayBy({ timeout: 10_000 });
const kept = recording(way, answers);
const nonce = randomBytes(32);
const now = new Date();
const access = await clusterAccess(process.env);
const { firstRoot, roles, documents } = await follow('http://tuf.tuf-system.svc', kept, undefined);
if (documents === undefined) throw new Error('there is no trust root');
const trust = readTrust(documents);
const asking = { trust, now: () => now, nonce, discovery: discoveryBy(way, access) };
const before = await gather({ ...asking, way, seen: {} });

const front = await openFront(way);
const flags = { logFormat: 'text' } as const;
const token = await tokenFor({ namespace: 'default', name: 'default' }, flags, process.env);
const signed = await judgeSignature(token, { trust, front, now });
front.close();
if (signed.outcome !== 'ok') throw new Error(signed.says);

const discovery = async (issuer: string) => {
  const document = await asking.discovery(issuer);
  if (!Buffer.isBuffer(document)) throw document;
  const body = document.toString('base64');
  answers[`GET ${issuer}/.well-known/openid-configuration`] = { status: 200, type: '', body };
  return heard(async () => ({ status: 200, type: '', body: document }), { url: issuer });
};
const after = await gather({ ...asking, way: kept, discovery, seen: before.heads });
if (after.findings.some(({ outcome }) => outcome !== 'ok')) throw new Error('it is not healthy');

const versions = Object.entries(roles).map(([name, role]) => [name, role.version]);
const seen = { firstRoot, roles: Object.fromEntries(versions), logs: before.heads };
const all: Recording = { now: now.toISOString(), nonce: nonce.toString('base64'), seen, answers };
const file = join(root, 'packages/sigstand/src/status/recorded.json');
await writeFile(file, `${JSON.stringify(all, null, 1)}\n`);
