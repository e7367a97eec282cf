import { json } from 'node:stream/consumers';
import { AdmissionregistrationV1Api } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sigstand } from '../../packages/sigstand/src/cli.ts';
import { startTlsServer } from '../programs/tls.ts';
import { apisAt, labels } from './small-stack.ts';
import { type Ground, wholeStack } from './whole-stack.ts';

/* What the real API server and Kubernetes' controllers say, and how soon sigstand up has told it. */

interface Told {
  readonly status: number;
  readonly stderr: string;
  /** Milliseconds until it told of what matches. */
  readonly after: number;
}

export function describeBlocked(there: () => Ground): void {
  const stack = wholeStack('blocked', there);
  const { objects, write } = stack;
  const apis = () => apisAt(there().plane.kubeconfig);
  const soon = 5_000; // milliseconds: the controllers' own time is in it, on a busy machine

  beforeEach(async () => {
    await write(objects());
    await apis().core.createNamespace({ body: { metadata: { name: stack.ns, labels } } });
  });

  /** Runs it, and notes when it tells of something; `then` is done at once. */
  async function told(words: RegExp, timeout: string, then = async () => {}): Promise<Told> {
    const began = Date.now();
    let stderr = '';
    let after = Number.POSITIVE_INFINITY;
    let next: Promise<void> | undefined;
    const status = await sigstand({
      ...{ args: stack.flags('up', `--timeout=${timeout}`), env: {}, now: () => new Date() },
      signal: new AbortController().signal,
      stdout: () => {},
      stderr: (more) => {
        stderr += more;
        if (next !== undefined || !words.test(stderr)) return;
        after = Date.now() - began;
        next = then();
      },
    });
    await next;
    return { status, stderr, after };
  }

  it('is a quota that is too small, until that is raised', async () => {
    const { core } = apis();
    const quota = { name: 'small', namespace: stack.ns };
    await core.createNamespacedResourceQuota({
      namespace: stack.ns,
      body: { metadata: { name: 'small' }, spec: { hard: { pods: '0' } } },
    });
    await expect
      .poll(async () => (await core.readNamespacedResourceQuota(quota)).status?.hard)
      .toEqual({ pods: '0' });
    const words =
      /waiting: Job \S+\/maker: no Pod of it is made: pods "maker-\w+" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0/;
    const { status, stderr, after } = await told(words, '50s', async () => {
      await core.deleteNamespacedResourceQuota(quota);
    });
    expect(stderr).toMatch(words);
    expect(after).toBeLessThan(soon);
    // All is done but the look.
    expect({ status, stderr }).toEqual({
      status: 69,
      stderr: expect.stringContaining('checks fail: tuf-mirror'),
    });
  });

  it('is a LimitRange that no Pod of it keeps to', async () => {
    await apis().core.createNamespacedLimitRange({
      namespace: stack.ns,
      body: {
        metadata: { name: 'tight' },
        spec: { limits: [{ type: 'Container', max: { memory: '1Mi' } }] },
      },
    });
    const resources = { limits: { memory: '64Mi' } };
    const all = JSON.stringify(objects()).replaceAll(
      '"image":',
      `"resources":${JSON.stringify(resources)},"image":`,
    );
    await write(JSON.parse(all));
    const words = /maximum memory usage per Container is 1Mi, but limit is 64Mi/;
    const { status, stderr, after } = await told(words, '50s');
    expect({ status, stderr }).toEqual({ status: 65, stderr: expect.stringMatching(words) });
    expect(stderr).toContain('change that LimitRange, or the resources of the manifests');
    expect(after).toBeLessThan(soon);
  });

  it('is a Secret that nobody makes', async () => {
    const all = JSON.stringify(objects()).replaceAll(
      '"secretName":"keys"',
      '"secretName":"theirs"',
    );
    await write(JSON.parse(all));
    const words = /Deployment \S+\/tuf: it waits for Secret \S+\/theirs, and no Job is left/;
    const { status, stderr, after } = await told(words, '9s');
    expect({ status, stderr }).toEqual({ status: 69, stderr: expect.stringMatching(words) });
    expect(after).toBeLessThan(6_000 + soon);
  });

  describe('a webhook', () => {
    let server: Awaited<ReturnType<typeof startTlsServer>>;
    beforeAll(async () => {
      server = await startTlsServer(
        async (request, response) => {
          const body = (await json(request)) as { request: { uid: string } };
          const answer = { uid: body.request.uid, allowed: false, status: { message: 'not here' } };
          response.end(JSON.stringify({ ...body, request: undefined, response: answer }));
        },
        { names: 'IP:127.0.0.1' },
      );
    });
    afterAll(() => server.close());
    const hooks = () => apis().config.makeApiClient(AdmissionregistrationV1Api);
    afterEach(() => hooks().deleteValidatingWebhookConfiguration({ name: stack.ns }));

    async function hook(resources: string[], url: string) {
      const key = 'kubernetes.io/metadata.name';
      await hooks().createValidatingWebhookConfiguration({
        body: {
          metadata: { name: stack.ns },
          webhooks: [
            {
              ...{ name: 'hook.example.test', sideEffects: 'None', failurePolicy: 'Fail' },
              admissionReviewVersions: ['v1'],
              clientConfig: { url, caBundle: btoa(server.authority) },
              namespaceSelector: {
                matchExpressions: [{ key, operator: 'In', values: [stack.ns] }],
              },
              rules: [
                {
                  apiGroups: ['*'],
                  apiVersions: ['*'],
                  operations: ['CREATE', 'UPDATE'],
                  resources,
                },
              ],
            },
          ],
        },
      });
      // The API server learns of it in its own time.
      const probe = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe' } };
      const spec = { containers: [{ name: 'main', image: 'a:1' }] };
      const make = {
        ...{ namespace: stack.ns, dryRun: 'All' },
        ...(resources[0] === 'pods' && { body: { ...probe, spec } }),
      };
      await expect
        .poll(() =>
          ('body' in make
            ? apis().core.createNamespacedPod(make as never)
            : apis().core.createNamespacedConfigMap({
                ...make,
                body: { metadata: { name: 'probe' } },
              })
          ).then(
            () => 'taken',
            () => 'refused',
          ),
        )
        .toBe('refused');
    }

    it('that denies Pods ends it', async () => {
      await hook(['pods'], `https://127.0.0.1:${server.port}/`);
      const words =
        /no Pod of it is made: admission webhook "hook.example.test" denied the request: not here/;
      const { status, stderr, after } = await told(words, '50s');
      expect({ status, stderr }).toEqual({ status: 65, stderr: expect.stringMatching(words) });
      expect(after).toBeLessThan(soon);
    });

    it('that denies what is applied ends it', async () => {
      await hook(['configmaps'], `https://127.0.0.1:${server.port}/`);
      const words =
        /apply ConfigMap \S+\/settings: admission webhook "hook.example.test" denied the request: not here/;
      const { status, stderr, after } = await told(words, '50s');
      expect({ status, stderr }).toEqual({ status: 65, stderr: expect.stringMatching(words) });
      expect(after).toBeLessThan(soon);
    });

    it('that is away while Pods are made is named, and waited for', async () => {
      await hook(['pods'], 'https://127.0.0.1:9/');
      const words =
        /waiting: Job \S+: no Pod of it is made: Internal error occurred: failed calling webhook "hook.example.test"/;
      const { status, stderr, after } = await told(words, '6s');
      expect({ status, stderr }).toEqual({ status: 75, stderr: expect.stringMatching(words) });
      expect(stderr).toContain('; see that its server runs: kubectl get validatingwebhook');
      expect(after).toBeLessThan(soon);
    });

    it('that is away while objects are applied is named, and waited for', async () => {
      await hook(['configmaps'], 'https://127.0.0.1:9/');
      const words =
        /waiting: ConfigMap \S+\/settings: apply \S+ \S+: the API server answered 500 InternalError: it failed to call the webhook hook.example.test \(dial tcp 127.0.0.1:9: connect: connection refused\)/;
      const { status, stderr, after } = await told(words, '50s', async () => {
        await hooks().patchValidatingWebhookConfiguration({
          name: stack.ns,
          body: [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }],
        });
      });
      expect(stderr).toMatch(words);
      expect(after).toBeLessThan(soon);
      expect({ status, stderr }).toEqual({
        status: 69,
        stderr: expect.stringContaining('checks fail: tuf-mirror'),
      });
    });
  });
}
