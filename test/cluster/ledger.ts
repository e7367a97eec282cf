import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cosign, identityOf, issuer, tokenOf } from './cosign.ts';
import { type Entry, entryIn, type Logs } from './logs.ts';
import type { Rig } from './rig.ts';

/** A blob that cosign said it has signed. */
export interface Signature {
  readonly blob: string;
  readonly bundle: string;
  readonly entry: Entry;
}

/** Every signature made so far, and what has come of it. */
export interface Ledger {
  readonly signatures: readonly Signature[];
  readonly counts: { tries: number; verifications: number; lookups: number };
  /** Signs a blob once; undefined where cosign refuses, which it may while a service is away. */
  sign(): Promise<Signature | undefined>;
  /** Signs until it works; resolves to the tries and milliseconds that it took. */
  signWithin(milliseconds: number): Promise<{ tries: number; took: number }>;
  /** What is wrong with these: not found in Rekor, not proven, or refused by cosign. */
  violations(signatures: readonly Signature[], by?: 'log' | 'log and cosign'): Promise<string[]>;
}

export async function openLedger(cluster: Rig, client: Cosign, logs: Logs): Promise<Ledger> {
  const signatures: Signature[] = [];
  const counts = { tries: 0, verifications: 0, lookups: 0 };
  const place = join(client.home, 'signed');
  await mkdir(place);
  // Good for an hour: who signs asks the API server, which is not what is at fault here.
  const token = await tokenOf(cluster, 'default');

  let refused = '';
  const sign: Ledger['sign'] = async () => {
    const number = ++counts.tries;
    const blob = join(place, `${number}`);
    const bundle = `${blob}.json`;
    await writeFile(blob, `blob ${number}\n`);
    const { status, stdout, stderr } = await client.run(
      ['sign-blob', '--yes', '--bundle', bundle, blob],
      token,
    );
    if (status !== 0) {
      refused = stdout + stderr;
      return undefined;
    }
    const signature = { blob, bundle, entry: await entryIn(bundle) };
    signatures.push(signature);
    return signature;
  };

  const verified = async ({ blob, bundle }: Signature) => {
    counts.verifications++;
    const { status, stderr } = await client.run([
      ...['verify-blob', '--bundle', bundle, '--use-signed-timestamps'],
      ...['--certificate-identity', identityOf('default')],
      ...['--certificate-oidc-issuer', issuer, blob],
    ]);
    return status === 0 && stderr.includes('Verified OK') ? [] : [`is refused: ${stderr}`];
  };

  return {
    signatures,
    counts,
    sign,
    async signWithin(milliseconds) {
      const began = Date.now();
      for (let tries = 1; ; tries++) {
        if (await sign()) return { tries, took: Date.now() - began };
        if (Date.now() > began + milliseconds) {
          throw new Error(`no signature in ${milliseconds} ms and ${tries} tries\n${refused}`);
        }
        await sleep(200);
      }
    },
    async violations(of, by = 'log and cosign') {
      const found: string[] = [];
      // One after another: two cores run the whole cluster.
      for (const signature of of) {
        counts.lookups++;
        const faults = await logs.faults(signature.entry).catch((error) => [`${error}`]);
        if (by === 'log and cosign') faults.push(...(await verified(signature)));
        found.push(...faults.map((fault) => `${signature.blob} ${fault}`));
      }
      return found;
    },
  };
}
