import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Rig } from './rig.ts';

/** What Fulcio says that it takes tokens of. */
interface Configuration {
  readonly issuers: { readonly issuerUrl?: string; readonly audience: string }[];
}

const fulcio = ['-n', 'fulcio-system', 'deployment/fulcio'] as const;
const service = '/api/v1/namespaces/fulcio-system/services/fulcio:http/proxy';

/** What comes of Fulcio's configuration on a running stack, whose manifests lie in a folder. */
export function fulcioConfiguration(of: () => { cluster: Rig; manifests: string }): void {
  const configuration = async (): Promise<Configuration> =>
    JSON.parse(await of().cluster.kubectl('get', '--raw', `${service}/api/v2/configuration`));
  const audiences = async () =>
    [...new Set((await configuration()).issuers.map(({ audience }) => audience))].sort();
  const apply = async (yaml: string) => {
    await of().cluster.apply(yaml);
    await of().cluster.kubectl('rollout', 'status', ...fulcio, '--timeout=3m');
  };

  it("knows the cluster's own issuer by its name, and logs no error of any", async () => {
    const { cluster } = of();
    const discovery = await cluster.kubectl('get', '--raw', '/.well-known/openid-configuration');
    const { issuers } = await configuration();
    expect(issuers.map(({ issuerUrl }) => issuerUrl)).toContain(JSON.parse(discovery).issuer);
    const log = await cluster.kubectl('logs', ...fulcio, '-c', 'fulcio');
    expect(log).toContain('"severity":"info"');
    expect(log).not.toContain('"severity":"error"');
  });

  it('rolls with a change of it', async () => {
    const yaml = await readFile(join(of().manifests, '30-fulcio.yaml'), 'utf8');
    const changed = yaml
      .replaceAll('client-id: sigstore', 'client-id: another')
      .replace(/(config-checksum: )\w+/, '$1changed');
    expect(await audiences()).toEqual(['sigstore']);
    try {
      await apply(changed);
      expect(await audiences()).toEqual(['another']);
    } finally {
      await apply(yaml);
    }
    expect(await audiences()).toEqual(['sigstore']);
  });
}
