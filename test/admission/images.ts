import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { services } from '@sigstand/contracts/services';
import type { Cosign } from '../cluster/cosign.ts';
import { type Rig, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';

export const registry = '10.200.0.1:5000';

/** How an image is signed: by which cosign, so in which format, and what is left out. */
export interface Way {
  /** cosign 2 writes a `.sig` tag, cosign 3 a bundle as an OCI referrer. */
  readonly format: 'sig' | 'bundle';
  /** Signed by cosign 3, though in the older format. */
  readonly older?: boolean;
  readonly as?: 'stranger';
  readonly without?: 'log' | 'timestamp';
}

/** Who signs images of one stack, and what they need for it. */
export interface Signers {
  readonly cosign2: Cosign;
  readonly cosign3: Cosign;
  /** A folder for signing configurations. */
  readonly work: string;
  /** signing_config.v0.2.json of the stack. */
  readonly signingConfig: string;
  token(serviceAccount: string): Promise<Readonly<Record<string, string>>>;
}

/** Pushes an image of its own, on the rig's pause image so that it can run; resolves to its name. */
export async function pushImage(cluster: Rig, work: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(work, 'layer-'));
  await writeFile(join(folder, 'name'), `${name} ${folder}\n`);
  const layer = join(folder, 'layer.tar');
  await run('tar', ['-cf', layer, '-C', folder, 'name']);
  const image = `${registry}/${name}`;
  const base = `${registry}/rig/pause:1`;
  await cluster.mustExec([
    ...[binary('crane'), 'append', '--insecure', '-b', base, '-f', layer, '-t', image],
  ]);
  return image;
}

/** Signs an image by the digest that its tag has. @throws {Error} Where cosign does not. */
export async function sign(cluster: Rig, signers: Signers, image: string, way: Way) {
  const digest = await cluster.mustExec([binary('crane'), 'digest', '--insecure', image]);
  const named = `${image.replace(/:[^:/]*$/, '')}@${digest.trim()}`;
  const token = await signers.token(way.as ?? 'builder');
  const general = ['sign', '--yes', '--allow-http-registry'];
  if (way.format === 'bundle') {
    const config = way.without ? ['--signing-config', await lacking(signers, way.without)] : [];
    await signers.cosign3.must([...general, ...config, named], token);
    return;
  }
  const flags = [
    ...['--fulcio-url', services.fulcio],
    ...['--rekor-url', services.rekor],
    ...(way.without === 'log' ? ['--tlog-upload=false'] : []),
    ...(way.without === 'timestamp'
      ? []
      : ['--timestamp-server-url', `${services.tsa}/api/v1/timestamp`]),
  ];
  if (way.older) {
    const older = ['--new-bundle-format=false', '--use-signing-config=false'];
    await signers.cosign3.must([...general, ...older, ...flags, named], token);
  } else {
    await signers.cosign2.must([...general, ...flags, named], token);
  }
}

/** The stack's signing configuration without a service. */
async function lacking({ work, signingConfig }: Signers, what: 'log' | 'timestamp') {
  const config = JSON.parse(signingConfig) as Record<string, unknown>;
  const names = what === 'log' ? ['rekorTlogUrls', 'rekorTlogConfig'] : ['tsaUrls', 'tsaConfig'];
  for (const name of names) delete config[name];
  const file = join(work, `without-${what}.json`);
  await writeFile(file, JSON.stringify(config));
  return file;
}
