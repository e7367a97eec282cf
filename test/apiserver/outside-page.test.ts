import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { rendered } from '../chart/sets.ts';
import { binary } from '../programs/binaries.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { objectsIn } from '../stack.ts';

const kubectl = kubectlOn(inject('kubeconfig'));

describe('docs/outside.md', () => {
  beforeAll(async () => {
    const folder = binary('gateway-api');
    for (const args of [
      ['apply', '--server-side'],
      ['wait', '--for=condition=Established', '--timeout=60s'],
    ]) {
      expect(await kubectl([...args, '-f', folder])).toMatchObject({ status: 0 });
    }
  });

  const page = readFileSync(join(import.meta.dirname, '../../docs/outside.md'), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
  const values = blocks.filter((text) => parse(text).outside);

  it.each(values.map((text, index) => ({ index, text })))(
    'has values that render: $index',
    async ({ text }) => {
      const { status, stdout, stderr } = await rendered(parse(text));
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { domain } = parse(text).outside;
      expect(stdout).toContain(`CREATETUF_MIRROR_URL: https://tuf.${domain}\n`);
      expect(objectsIn(stdout, 'the page').length).toBeGreaterThan(90);
    },
  );

  it('counts the lines that a user writes', () => {
    const ways = ['Ingress, and a certificate', 'Ingress and cert-manager', 'A Gateway', 'A proxy'];
    const told = ways.map((way) =>
      Number(new RegExp(`^\\| \\[${way}.*\\| (\\d+) \\|$`, 'm').exec(page)?.[1]),
    );
    expect(told).toEqual(values.slice(0, 4).map((text) => text.trim().split('\n').length));
  });

  it('has a Gateway that a real API server takes', async () => {
    const gateway = blocks.find((text) => parse(text).kind === 'Gateway')!;
    const input = gateway.replace('namespace: gateways', 'namespace: default');
    const apply = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
    expect(await kubectl(apply, input)).toEqual({
      status: 0,
      stdout: 'gateway.gateway.networking.k8s.io/public created (server dry run)\n',
      stderr: '',
    });
  });
});
