import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { opensslCertificate } from '@sigstand/pki/testing';
import { storeOver } from '@sigstand/store/cluster';
import { podAccess } from '@sigstand/store/pod';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startTlsServer } from './programs/tls.ts';

/* How every Pod reaches the API server, held against a TLS server of ours in its place. */

let opened = new AsyncDisposableStack();
afterEach(async () => {
  vi.restoreAllMocks();
  await opened.disposeAsync();
  opened = new AsyncDisposableStack();
});

const ref = { kind: 'Secret', namespace: 'ns', name: 'x' } as const;

interface Options {
  readonly names?: string;
  readonly address?: string;
  readonly answer?: RequestListener;
}

/** A server that notes who asked, and the folder that the kubelet mounts, with its certificate and a token. */
async function pod({ names, address = '127.0.0.1', answer }: Options = {}) {
  const asked: (string | undefined)[] = [];
  const server = await startTlsServer(
    (request, response) => {
      asked.push(request.headers.authorization);
      if (answer) return answer(request, response);
      response.statusCode = 404;
      response.end();
    },
    { address, names: names ?? `IP:${address}` },
  );
  opened.defer(server.close);
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-pod-'));
  opened.defer(() => rm(folder, { recursive: true }));
  // As the kubelet does: who reads it sees the old file or the new one.
  const mount = async (name: 'ca.crt' | 'token', text: string) => {
    await writeFile(join(folder, '..data_tmp'), text);
    await rename(join(folder, '..data_tmp'), join(folder, name));
  };
  await mount('ca.crt', server.authority);
  await mount('token', 'first\n');
  const env = { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: `${server.port}` };
  const access = podAccess(env, folder);
  return { server, asked, folder, mount, access, store: storeOver(access, 'test') };
}

/** A certificate of the same name that another key signed. */
function otherAuthority(): string {
  const extensions = ['basicConstraints=critical,CA:TRUE', 'subjectAltName=IP:127.0.0.1'];
  return opensslCertificate({ subject: '/CN=server', extensions }).certificate.toString();
}

describe('a Pod', () => {
  it('asks the API server as its service account', async () => {
    const { store, asked } = await pod();
    expect(await store.read(ref)).toBeUndefined();
    expect(asked).toEqual(['Bearer first']);
  });

  it('asks at an address of IPv6', async () => {
    const { store, asked, access } = await pod({ address: '::1' });
    expect(access.server).toMatch(/^https:\/\/\[::1\]:\d+$/);
    expect(await store.read(ref)).toBeUndefined();
    expect(asked).toEqual(['Bearer first']);
  });

  it('asks by name where nobody says an address', () => {
    expect(podAccess({}).server).toBe('https://kubernetes.default.svc:443');
  });

  it('shows a token that was renewed from the next request on', async () => {
    const { store, asked, mount } = await pod();
    await store.read(ref);
    await mount('token', 'second');
    await store.read(ref);
    expect(asked).toEqual(['Bearer first', 'Bearer second']);
  });

  it('takes a certificate authority that was renewed from the next request on', async () => {
    const { server, store, asked, mount } = await pod();
    await mount('ca.crt', otherAuthority());
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await mount('ca.crt', server.authority);
    expect(await store.read(ref)).toBeUndefined();
    expect(asked).toEqual(['Bearer first']);
  });

  it.each([
    ['that another authority signed', { ca: otherAuthority }],
    ['where the file of its authority holds none', { ca: () => 'not a certificate' }],
    ['for another name', { names: 'DNS:other.test' }],
  ])(
    'shows its token to no server with a certificate %s',
    async (_which, { ca, names }: { ca?: () => string; names?: string }) => {
      const { store, asked, mount } = await pod(names ? { names } : {});
      if (ca) await mount('ca.crt', ca());
      await expect(store.read(ref)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/did not answer \(\w*(CERT|SIGNATURE|ALTNAME)\w*\)$/),
      });
      expect(asked).toEqual([]);
    },
  );

  it.each(['ca.crt', 'token'] as const)(
    'asks nobody while %s is missing, or empty',
    async (name) => {
      const { store, asked, folder, mount } = await pod();
      await mount(name, '\n');
      await expect(store.read(ref)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: `the Pod's ${folder}/${name} cannot be read: it is empty`,
      });
      await rm(join(folder, name));
      await expect(store.read(ref)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: `the Pod's ${folder}/${name} cannot be read: ENOENT`,
        hint: expect.stringContaining('automountServiceAccountToken'),
      });
      expect(asked).toEqual([]);
    },
  );

  it('waits seconds for an answer, and not for hours', async () => {
    // Time that is a hundred times as fast.
    const { timeout } = AbortSignal;
    const limits: number[] = [];
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      limits.push(ms);
      return timeout.call(AbortSignal, Math.min(ms / 100, 1_000));
    });
    const { store, asked } = await pod({ answer: () => {} });
    await expect(store.read(ref)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/did not answer \(no answer in time\)$/),
    });
    expect(asked).toHaveLength(1);
    expect(limits).toHaveLength(1);
    expect(limits[0]).toBeLessThan(60_000);
  });
});
