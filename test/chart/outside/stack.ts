import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import { parse } from 'yaml';
import { chart } from '../../../scripts/chart/rendered.ts';
import { bringUp } from '../../cluster/bring-up.ts';
import { blockBelow } from '../../cluster/export-shell.ts';
import { type Exported, strangersIn } from '../../cluster/export-stack.ts';
import { rig, root, run } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { byTag } from '../on-rig.ts';
import { flags } from '../sets.ts';
import { openRoad, type Road, seenFrom } from './road.ts';

export const page = join(root, 'docs/outside.md');
export const domain = 'sigstore.example.com';
export const services = ['rekor', 'fulcio', 'ctlog', 'tsa', 'tuf'] as const;
export const hostOf = (service: string) => `${service}.${domain}`;

/** A stack behind Traefik, with a private CA, and a machine outside that has the export alone. */
export interface Led extends Exported {
  readonly road: Road;
  /** PEM of the private CA, as its owner hands it out. */
  readonly ca: string;
  /** The cluster, for whoever stands in it. */
  readonly inside: Exported['cluster'];
  /** Another way in: helm upgrade to values of the page. */
  leadBy(way: Way): Promise<void>;
  /** The same to other values of `outside`. */
  leadWith(outside: object): Promise<void>;
}

export type Way = 'Ingress' | 'Gateway API';

/** The values of `outside` on the page, with what a user fills in: the class. */
async function valuesFor(way: Way): Promise<object> {
  const blocks = (await blockBelow(page, 'Big entries', 'yaml')).split(/^(?=outside:$)/m).slice(1);
  const { outside } = parse(blocks[way === 'Ingress' ? 0 : 1] ?? '');
  return {
    ...outside,
    ...(way === 'Ingress' && { ingress: { ...outside.ingress, className: 'traefik' } }),
  };
}

/** Leads clients in by the certificate in that folder; resolves to what ends it. */
export type OwnProxy = (cluster: Led['inside'], work: string) => Promise<() => Promise<void>>;

export async function leadOut(instance: string, proxy?: OwnProxy): Promise<Led> {
  const inside = rig(instance);
  const work = await mkdtemp(join(tmpdir(), 'sigstand-outside-'));
  const ca = opensslCertificate({ subject: '/CN=private CA', extensions: caExtensions });
  const server = opensslCertificate({
    ...{ subject: `/CN=${domain}`, issuer: ca },
    extensions: ['basicConstraints=critical,CA:FALSE', `subjectAltName=DNS:*.${domain}`],
  });
  await writeFile(join(work, 'ca.crt'), ca.certificate);
  await writeFile(join(work, 'tls.crt'), server.certificate);
  await writeFile(join(work, 'tls.key'), server.key, { mode: 0o600 });
  await bringUp(inside, work);
  if (!proxy) await inside.must(['up', '--with', 'traefik']);

  const home = ['CONFIG', 'CACHE', 'DATA'].map((one) => `HELM_${one}_HOME=${join(work, 'helm')}`);
  const controller = { namespace: 'traefik', labels: { app: 'traefik' } };
  const helm = async (verb: 'install' | 'upgrade', outside: object) => {
    const images = { names: await byTag() };
    const values = flags({ images, outside: { ...outside, ...(!proxy && { controller }) } });
    const command = ['env', ...home, binary('helm'), verb, 'sigstand', chart, ...values];
    await inside.mustExec([...command, '--namespace', 'default']);
  };
  const sh = (lines: string) => inside.mustExec(['bash', '-euc', `cd ${work}\n${lines}`]);
  const byController = async () => {
    await helm('install', await valuesFor('Ingress'));
    await sh(await blockBelow(page, 'Ingress, and a certificate of yours'));
    const [limit = ''] = (await blockBelow(page, 'Big entries', 'yaml')).split(/^outside:$/m);
    await inside.apply(limit);
    // The Gateway, too, is there from the start: it takes no route of a stack that asks for none.
    await inside.kubectl('create', 'namespace', 'gateways');
    await sh('kubectl create secret tls sigstore-tls -n gateways --cert=tls.crt --key=tls.key');
    const gateway = await blockBelow(page, 'The Gateway API', 'yaml');
    await inside.apply(gateway.slice(gateway.indexOf('apiVersion:')));
  };
  const byProxy = async () =>
    helm('install', parse(await blockBelow(page, 'A proxy of your own', 'yaml')).outside);
  await (proxy ? byProxy() : byController());
  const all = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand', '--timeout=10m'];
  await inside.kubectl('wait', '--for=condition=Complete', 'jobs', ...all);
  await inside.kubectl('wait', '--for=condition=Available', 'deployments', ...all);
  const endProxy = await proxy?.(inside, work);

  const road = await openRoad(instance, services.map(hostOf));
  const folder = join(work, 'trust');
  const strangers = await strangersIn(work);
  const env = { ...inside.env, SIGSTAND_OUT: join(work, 'out') };
  return {
    ...{ cluster: seenFrom(inside, road), inside, road, work, folder, env, strangers },
    ca: join(work, 'ca.crt'),
    leadBy: async (way) => helm('upgrade', await valuesFor(way)),
    leadWith: (outside) => helm('upgrade', outside),
    export: (to, ...args) =>
      run('npm', ['run', '--silent', 'export', '--', '--to', to, ...args], { env }),
    text: (name) => readFile(join(folder, name), 'utf8'),
    async remove() {
      await endProxy?.();
      await road.close();
      await inside.must(['down']);
      await rm(work, { recursive: true, force: true });
    },
  };
}
