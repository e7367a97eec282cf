import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { archive } from '@sigstand/createtuf/archive';
import { type Material, readMaterial, type Service } from '@sigstand/createtuf/material';
import { trustPage } from '@sigstand/createtuf/page';
import { pageFile } from '@sigstand/createtuf/page-file';
import { reconcile, type Wanted } from '@sigstand/createtuf/reconcile';
import { openRepository } from '@sigstand/createtuf/repository';
import { rootWish } from '@sigstand/createtuf/root-keys';
import type { Data } from '@sigstand/store/store';

/** The public inputs of one of the folders of `inputs`, as the four records hold them. */
export function goldenInputs(folder: 'first' | 'second'): Record<Service, Data> {
  const read = (name: string) =>
    new Uint8Array(readFileSync(join(import.meta.dirname, 'inputs', folder, name)));
  return {
    fulcio: { cert: read('fulcio.crt.pem'), public: read('fulcio.pub') },
    ctlog: { public: read('ctlog.pub') },
    rekor: { public: read('rekor.pub') },
    tsa: { 'cert-chain': read('tsa.crt.pem') },
  };
}

export function goldenMaterial(folder: 'first' | 'second'): Material {
  const { fulcio, ctlog, rekor, tsa } = goldenInputs(folder);
  return readMaterial({
    fulcio: { place: 'fulcio', data: fulcio },
    ctlog: { place: 'ctlog', data: ctlog },
    rekor: { place: 'rekor', data: rekor },
    tsa: { place: 'tsa', data: tsa },
  });
}

/** An Ed25519 key that everybody knows: for goldens alone. */
function key(seed: number): KeyObject {
  // PrivateKeyInfo of RFC 8410 §7 with the seed as its last 32 octets.
  const der = Buffer.from(
    `302e020100300506032b657004220420${Buffer.alloc(32, seed).toString('hex')}`,
    'hex',
  );
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

const day = 86_400_000;
const keys = { root: key(1), targets: key(2), snapshot: key(3), timestamp: key(4) };

export const goldenWanted: Wanted = {
  material: goldenMaterial('first'),
  addresses: {
    fulcio: ['http://fulcio.fulcio-system.svc'],
    rekor: ['http://rekor.rekor-system.svc'],
    ctlog: ['http://ctlog.ctlog-system.svc/sigstorescaffolding'],
    tsa: ['http://tsa.tsa-system.svc'],
    oidcIssuer: ['https://kubernetes.default.svc'],
    operator: 'sigstand',
  },
  extra: [],
  keys,
  root: rootWish(keys, { keys: [], old: [], threshold: 1, rotates: false, rekeys: false }),
  schedules: {
    root: { lifetime: 3650 * day, renew: 1825 * day },
    targets: { lifetime: 365 * day, renew: 182 * day },
    snapshot: { lifetime: 90 * day, renew: 45 * day },
    timestamp: { lifetime: 7 * day, renew: 3.5 * day },
  },
  shorten: false,
  hurries: false,
  correctLogUrl: false,
  now: new Date('2030-01-01T00:00:00Z'),
};

/** Two states of one repository: new, and after a refresh with every key changed. */
export function goldenStates(): Record<string, Data> {
  const first = next({}, goldenWanted);
  const refreshed = next(first, { ...goldenWanted, now: new Date('2030-01-05T00:00:00Z') });
  const rotated = next(refreshed, {
    ...goldenWanted,
    material: goldenMaterial('second'),
    now: new Date('2030-01-06T00:00:00Z'),
  });
  return { first, rotated };
}

/**
 * A repository's files as they lie in a folder of `tuf`, with its page and its archive beside them; not
 * compressed, since compressors may differ.
 */
export async function goldenFiles(files: Data): Promise<Data> {
  const page = trustPage(openRepository(files), 'https://tuf.example.com');
  const record = { ...files, [pageFile]: page };
  return { ...record, 'repository.tar': new Uint8Array(gunzipSync(await archive(record))) };
}

function next(files: Data, wanted: Wanted): Data {
  const published = Object.keys(files).length > 0 ? openRepository(files) : undefined;
  return { ...files, ...reconcile(published, wanted)?.files };
}
