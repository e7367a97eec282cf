import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import { vi } from 'vitest';
import { parse } from 'yaml';
import { chart } from '../../../scripts/chart/rendered.ts';
import { bringUp } from '../../cluster/bring-up.ts';
import { type Cosign, cosign } from '../../cluster/cosign.ts';
import { type Inside, startInside } from '../../cluster/inside.ts';
import { type Rig, run } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { flags } from '../sets.ts';
import type { Name } from './names.ts';
import { newKey, tokenBy } from './tokens.ts';

export const host = 'https://idp.idp.svc';
const mirror = 'http://tuf.tuf-system.svc';

export const urlOf = (name: Name) => `${host}/${name}`;

/** A cosign that may sit at a terminal: without one it opens no browser. */
export interface Client extends Cosign {
  readonly runAtTerminal: Cosign['run'];
}

/** A rig with OpenID providers beside it, which Pods reach by a Service, with a CA of its own. */
export interface Ground {
  /** The providers' CA, in PEM. */
  readonly ca: string;
  /** What a client that trusts that CA has in its environment. */
  readonly trusting: Readonly<Record<string, string>>;
  readonly folder: string;
  token(name: Name, claims: object): string;
  /** Installs the chart, or upgrades it, with these values of Fulcio; waits until all of it runs. */
  install(fulcio: object): Promise<void>;
  /** What `change` does, and then waits until clients are told something new. */
  told(change: Promise<void>): Promise<void>;
  client(): Promise<Client>;
  close(): Promise<void>;
}

const service = (address: string) => `
apiVersion: v1
kind: Namespace
metadata: {name: idp}
---
apiVersion: v1
kind: Service
metadata: {name: idp, namespace: idp}
spec: {ports: [{name: https, port: 443, targetPort: 8443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: idp, namespace: idp, labels: {kubernetes.io/service-name: idp}}
addressType: IPv4
ports: [{name: https, port: 8443}]
endpoints: [{addresses: [${address}]}]
`;

/** Starts what answers at `host`, on port 8443, with `tls.crt` and `tls.key` of a folder. */
export type Start = (cluster: Rig, folder: string) => Promise<Inside>;

const startProviders: Start = (cluster, folder) =>
  startInside(cluster, join(import.meta.dirname, 'provider.ts'), [folder, host, '8443']);

export async function openGround(cluster: Rig, start = startProviders): Promise<Ground> {
  const work = await mkdtemp(join(tmpdir(), 'sigstand-openid-'));
  await bringUp(cluster, work);
  const folder = join(work, 'idp');
  await mkdir(folder);
  const issuer = opensslCertificate({ subject: '/CN=Private CA', extensions: caExtensions });
  const names = ['subjectAltName=DNS:idp.idp.svc'];
  const leaf = opensslCertificate({ subject: '/CN=idp', extensions: names, issuer });
  const { key, jwk } = newKey();
  const ca = issuer.certificate.toString();
  const files = { 'ca.pem': ca, 'tls.crt': leaf.certificate, 'tls.key': leaf.key };
  for (const [name, content] of Object.entries({ ...files, 'signing.json': JSON.stringify(jwk) })) {
    await writeFile(join(folder, name), content, { mode: 0o600 });
  }
  const provider = await start(cluster, folder);
  await cluster.apply(service('10.200.0.1'));

  const helm = (...args: string[]) => {
    const home = ['CONFIG', 'CACHE', 'DATA'].map((one) => `HELM_${one}_HOME=${join(work, 'helm')}`);
    const command = [binary('helm'), ...args, '--namespace', 'default'];
    return cluster.mustExec(['env', ...home, ...command]);
  };
  const values = parse(await readFile(join(chart, 'values.yaml'), 'utf8'));
  // The rig serves the same names, and other bytes than their makers.
  const images = Object.entries(values.images.names as Record<string, string>).map(
    ([one, name]) => [one, name.replace(/@.*/, '')] as const,
  );
  const openid: Ground = {
    ca,
    folder,
    trusting: {
      SSL_CERT_FILE: join(folder, 'ca.pem'),
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    },
    token: (name, claims) => tokenBy(key, urlOf(name), claims),
    async install(fulcio) {
      const all = { fulcio, images: { names: Object.fromEntries(images) } };
      await helm('upgrade', '--install', 'sigstand', chart, ...flags(all));
      const wait = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand', '--timeout=10m'];
      await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', ...wait);
      await cluster.kubectl('wait', '--for=condition=Available', 'deployments', ...wait);
      await cluster.kubectl(
        ...['rollout', 'status', '-n', 'fulcio-system', 'deployment/fulcio', '--timeout=5m'],
      );
    },
    async told(change) {
      const served = () => cluster.mustExec(['curl', '-sf', `${mirror}/timestamp.json`]);
      const before = await served();
      await change;
      // The kubelet brings a ConfigMap's change within two minutes.
      await vi.waitUntil(async () => (await served()) !== before, 180_000);
    },
    async client() {
      const to = await mkdtemp(join(work, 'trust-'));
      const args = ['run', '--silent', 'export', '--', '--to', to];
      const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
      const exported = await run('npm', args, { env });
      if (exported.status !== 0) throw new Error(exported.stderr);
      const one = await cosign(cluster, 'cosign3');
      await one.must(['initialize', '--mirror', mirror, '--root', join(to, '1.root.json')]);
      return { ...one, runAtTerminal: atTerminal(cluster, one) };
    },
    async close() {
      await provider.close();
      await cluster.must(['down']);
      await rm(work, { recursive: true, force: true });
    },
  };
  return openid;
}

function atTerminal(cluster: Rig, { home }: Cosign): Cosign['run'] {
  return (args, env = {}) => {
    const words = [binary('cosign3'), ...args].map((word) => `'${word}'`);
    const own = ['env', `HOME=${home}`, `TUF_ROOT=${join(home, 'tuf')}`];
    const script = ['script', '--quiet', '--return', '--command', words.join(' '), '/dev/null'];
    return cluster.exec([...own, ...script], { env, timeout: 60_000 });
  };
}

/**
 * A folder with a program `xdg-open`, which clients call to open a browser. Here it logs in by itself as this address: in
 * Chromium, or by nothing but the page's forms.
 */
export async function browserOf(
  ground: Ground,
  address: string,
  by: 'chromium' | 'forms',
): Promise<string> {
  const folder = await mkdtemp(join(ground.folder, 'browser-'));
  const program = (name: string) => `'${process.execPath}' '${join(import.meta.dirname, name)}'`;
  const path = join(folder, 'xdg-open');
  const commands = {
    chromium: `${program('browser.ts')} '${folder}'`,
    forms: program('login.ts'),
  };
  if (by === 'chromium') await trustIn(folder, join(ground.folder, 'ca.pem'));
  await writeFile(path, `#!/bin/sh\n${commands[by]} '${address}' "$1" &\n`);
  await chmod(path, 0o755);
  return folder;
}

/** Has Chromium trust a CA, in a home of its own. */
async function trustIn(home: string, ca: string): Promise<void> {
  const store = join(home, '.pki/nssdb');
  await mkdir(store, { recursive: true });
  const certutil = async (...args: string[]) => {
    const { status, stderr } = await run('certutil', [...args, '-d', `sql:${store}`]);
    if (status !== 0) throw new Error(`certutil: ${stderr}`);
  };
  await certutil('-N', '--empty-password');
  await certutil('-A', '-n', 'private', '-t', 'C,,', '-i', ca);
}
