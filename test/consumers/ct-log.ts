import { createPublicKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  ctlogConfig,
  ctlogPublicKey,
  ctlogSecrets,
  fulcioPublicKey,
} from '@sigstand/contracts/records';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { runJob } from '@sigstand/job/testing';
import { caExtensions, type Foreign, opensslCertificate } from '@sigstand/pki/testing';
import { expect } from 'vitest';
import { binary } from '../programs/binaries.ts';
import { freePort, startServer } from '../programs/server.ts';
import type { OnTrillian } from './on-trillian.ts';

/* A real ct_server on what createctconfig wrote. */

export const newRoot = (name: string) =>
  opensslCertificate({ subject: `/CN=${name}`, extensions: caExtensions });

export const signedBy = (issuer: Foreign, usage: string) =>
  opensslCertificate({
    subject: '/CN=somebody',
    extensions: ['basicConstraints=critical,CA:FALSE', `extendedKeyUsage=${usage}`],
    issuer,
  });

/** The record of the CT log's tree, as createtree's flags. */
export const ctlogTree = [
  `--namespace=${ctlogConfig.namespace}`,
  `--configmap=${ctlogConfig.name}`,
];

export function ctLogOn(here: OnTrillian) {
  const mount = () => join(here.folder, 'ctlog-system/Secret', ctlogSecrets.name);
  return {
    mount,
    async publishRoot({ certificate }: Foreign): Promise<void> {
      const current = await here.store.read(fulcioPublicKey);
      const data = { cert: new Uint8Array(certificate) };
      await here.store.write(fulcioPublicKey, { data }, current);
    },
    plantTree: () => here.plantTree(...ctlogTree),
    async configure(...more: string[]): Promise<void> {
      const where = [`--mount-path=${mount()}`, `--trillian-server=${here.trillian.address}`];
      const args = [...where, ...more];
      expect(await runJob(createCtConfig(), here.store, { args })).toMatchObject({ status: 0 });
    },
    /** Starts ct_server on what is in the Secret, as the manifest does; resolves to the log's URL. */
    async serve(prefix = 'sigstorescaffolding'): Promise<string> {
      const [http, metrics] = [await freePort(), await freePort()];
      here.server = await startServer({
        command: binary('ct_server'),
        args: [
          ...[`--http_endpoint=127.0.0.1:${http}`, `--metrics_endpoint=127.0.0.1:${metrics}`],
          ...[`--log_config=${mount()}/config`, '--logtostderr'],
        ],
        ready: `http://127.0.0.1:${http}/healthz`,
      });
      return `http://127.0.0.1:${http}/${prefix}/ct/v1`;
    },
    async publishedKey() {
      return createPublicKey(Buffer.from((await here.store.read(ctlogPublicKey))!.data.public!));
    },
  };
}

export async function rootsOf(log: string): Promise<string[]> {
  const { certificates } = await answerOf<{ certificates: string[] }>(fetch(`${log}/get-roots`));
  return certificates.map((der) => new X509Certificate(Buffer.from(der, 'base64')).subject);
}

export function addChain(log: string, ...chain: Foreign[]): Promise<Response> {
  const ders = chain.map(({ certificate }) => new X509Certificate(certificate).raw);
  return fetch(`${log}/add-chain`, {
    method: 'POST',
    body: JSON.stringify({ chain: ders.map((der) => der.toString('base64')) }),
  });
}

export async function answerOf<T>(asked: Promise<Response>): Promise<T> {
  return (await (await asked).json()) as T;
}
