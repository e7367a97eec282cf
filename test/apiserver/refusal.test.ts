import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AdmissionregistrationV1Api,
  CoreV1Api,
  RbacAuthorizationV1Api,
  type V1ValidatingWebhook,
} from '@kubernetes/client-node';
import { createSecret } from '@sigstand/createsecret/job';
import { runJob } from '@sigstand/job/testing';
import { opensslCertificate } from '@sigstand/pki/testing';
import { storeOver } from '@sigstand/store/cluster';
import type { StoreError } from '@sigstand/store/store';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { denyWrites } from '../programs/admission.ts';
import { accessAs } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { accountToken } from './account.ts';

const config = kubeconfigAt(inject('kubeconfig'));
const core = config.makeApiClient(CoreV1Api);
const admission = config.makeApiClient(AdmissionregistrationV1Api);
const store = storeOver(accessAs(config), 'test');
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const secret = 'hunter2-and-a-good-deal-more';
const data = { key: bytes(secret) };
/** What must not be told of it: twelve bytes, and twelve characters of its base64. */
const quoted = /hunter2-and-|aHVudGVyMi1h/;

/** A namespace of this test's own. */
async function namespace(name: string): Promise<string> {
  await core.createNamespace({ body: { metadata: { name } } });
  return name;
}

const refIn = (namespace: string, name = 'record') =>
  ({ kind: 'Secret', namespace, name }) as const;

/** The error of a write once it is refused: admission learns of a new rule a moment later. */
async function refused(ref: ReturnType<typeof refIn>): Promise<StoreError> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      await store.write({ ...ref, name: `${ref.name}-${attempt}` }, { data });
    } catch (error) {
      return error as StoreError;
    }
    await sleep(100);
  }
  throw new Error('it was never refused');
}

describe('a quota', () => {
  const quota = { metadata: { name: 'few' }, spec: { hard: { 'count/secrets': '0' } } };

  it('that is used up is a refusal for good, told as the API server tells it', async () => {
    const ns = await namespace('quota-used');
    await core.createNamespacedResourceQuota({ namespace: ns, body: quota });
    const counted = { hard: quota.spec.hard, used: { 'count/secrets': '0' } };
    const body = { ...quota, status: counted };
    await core.replaceNamespacedResourceQuotaStatus({ namespace: ns, name: 'few', body });
    const { code, message } = await refused(refIn(ns));
    expect(code).toBe('REFUSED');
    expect(message).toContain(`patch Secret ${ns}/record-`);
    expect(message).toContain('exceeded quota: few, requested: count/secrets=1');
    expect(message).not.toMatch(quoted);
  });

  it('that nobody has counted yet is waited out', async () => {
    const ns = await namespace('quota-new');
    await core.createNamespacedResourceQuota({ namespace: ns, body: quota });
    const body = { ...quota, status: { hard: quota.spec.hard } };
    await core.replaceNamespacedResourceQuotaStatus({ namespace: ns, name: 'few', body });
    expect(await refused(refIn(ns))).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('ends a Job with 65 at once, and the last line passes on why', async () => {
    const start = performance.now();
    const { status, stderr } = await runJob(createSecret(), store, {
      args: ['--namespace=quota-used'],
    });
    expect(status).toBe(65);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(stderr).toMatch(
      /^createsecret: error: patch Secret quota-used\/rekor-signing-secret: .*exceeded quota: few.*; change the rule/,
    );
  });
});

describe('a ValidatingAdmissionPolicy', () => {
  async function policy(name: string, says: { messageExpression: string; reason?: string }) {
    const ns = await namespace(name);
    await denyWrites(admission, { name, namespaces: [ns], resources: ['secrets'], says });
    return refused(refIn(ns));
  }

  it.each(['Invalid', 'Forbidden', 'RequestEntityTooLarge'])(
    'that denies with the reason %s is a refusal for good',
    async (reason) => {
      const { code, message } = await policy(`policy-${reason.toLowerCase()}`, {
        messageExpression: "'field is immutable here, ask the platform team'",
        reason,
      });
      expect({ code, message }).toMatchObject({ code: 'REFUSED' });
      expect(message).toContain('denied request: field is immutable here, ask the platform team');
    },
  );

  it.each([
    ['after a word', 'object.metadata.name + string(object.data.key)'],
    ['in base64', 'string(object.data.key)'],
    ['in part', 'string(object.data.key).substring(4, 24)'],
  ])('that quotes what was sent %s is told without its words', async (how, quote) => {
    const { code, message } = await policy(`policy-quotes-${how.replaceAll(' ', '-')}`, {
      messageExpression: `'refused: ' + ${quote}`,
    });
    expect(code).toBe('REFUSED');
    expect(message).not.toMatch(/aHVudGVy|VyMi1hbmQt|hunter2/);
    expect(message).toMatch(/: the API server answered 422, in words that quote the record/);
  });

  it('that says a lot is told in part', async () => {
    const { message } = await policy('policy-long', {
      messageExpression: "'no. no. no. no. no. no. '.replace('no', 'a good many words about this')",
    });
    expect(message.length).toBeLessThan(800);
  });
});

describe('an admission webhook', () => {
  let server: Server;
  let answer: (request: { uid: string; object?: { data?: Record<string, string> } }) => object;
  let url: string;
  let caBundle: string;

  beforeAll(async () => {
    const extensions = ['basicConstraints=critical,CA:TRUE', 'subjectAltName=IP:127.0.0.1'];
    const { certificate, key } = opensslCertificate({ subject: '/CN=webhook', extensions });
    caBundle = certificate.toString('base64');
    server = createServer({ key, cert: certificate }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const review = JSON.parse(Buffer.concat(chunks).toString());
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: review.request.uid, ...answer(review.request) },
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function hooked(name: string, at: string): Promise<StoreError> {
    const ns = await namespace(name);
    const webhook: V1ValidatingWebhook = {
      name: `${name}.sigstand.dev`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      timeoutSeconds: 5,
      clientConfig: { url: at, caBundle },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['secrets'],
        },
      ],
    };
    await admission.createValidatingWebhookConfiguration({
      body: { metadata: { name }, webhooks: [webhook] },
    });
    return refused(refIn(ns));
  }

  it.each([400, 403, 404, 409, 422])('that denies with %i is a refusal for good', async (code) => {
    answer = () => ({ allowed: false, status: { code, message: 'not on a Friday' } });
    const error = await hooked(`webhook-denies-${code}`, url);
    expect({ ...error, message: error.message }).toMatchObject({ code: 'REFUSED' });
    expect(error.message).toContain('denied the request: not on a Friday');
  });

  it.each<[string, (data: Record<string, string>) => string]>([
    ['prints', (data) => JSON.stringify(data)],
    ['decodes', ({ key = '' }) => Buffer.from(key, 'base64').toString()],
    ['decodes-a-part', ({ key = '' }) => Buffer.from(key, 'base64').toString().slice(5, 17)],
  ])('that %s what was sent is told without its words', async (what, words) => {
    answer = ({ object }) => ({
      allowed: false,
      status: { code: 403, message: `no: ${words(object?.data ?? {})}` },
    });
    const { code, message } = await hooked(`webhook-${what}`, url);
    expect(code).toBe('REFUSED');
    expect(message).toMatch(/: the API server answered 403, in words that quote the record/);
    expect(message).not.toMatch(/hunter|and-a-good|aHVudGVy/);
  });

  it.each([429, 500, 503])('that answers %i asks for another try', async (code) => {
    answer = () => ({ allowed: false, status: { code, message: 'later' } });
    expect(await hooked(`webhook-later-${code}`, url)).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('that is not there is waited out', async () => {
    expect(await hooked('webhook-gone', 'https://127.0.0.1:9/')).toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

describe('a right that is missing', () => {
  it.each([
    ['get', 'Secret', 'secrets'],
    ['get', 'ConfigMap', 'configmaps'],
    ['patch', 'Secret', 'secrets'],
  ] as const)('to %s a %s is told with the rule that grants it', async (verb, kind, resource) => {
    const token = await accountToken(config, { namespace: 'default', name: 'nobody' });
    const nobody = storeOver(accessAs(config, { token }), 'test');
    const ref = { kind, namespace: 'default', name: 'record' } as const;
    const act = verb === 'get' ? nobody.read(ref) : nobody.write(ref, { data });
    await expect(act).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining(
        `User "system:serviceaccount:default:nobody" cannot ${verb} resource "${resource}"`,
      ),
      hint:
        'grant it in a Role of namespace default bound to system:serviceaccount:default:nobody: ' +
        `apiGroups [""], verbs [${verb}], resources [${resource}], resourceNames [record]`,
    });
  });

  it('to create is told where patching alone is granted', async () => {
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    const name = 'patcher';
    const rules = [
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['record'], verbs: ['patch'] },
    ];
    await rbac.createNamespacedRole({ namespace: 'default', body: { metadata: { name }, rules } });
    await rbac.createNamespacedRoleBinding({
      namespace: 'default',
      body: {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
      },
    });
    const token = await accountToken(config, { namespace: 'default', name });
    const patcher = storeOver(accessAs(config, { token }), 'test');
    const ref = { kind: 'Secret', namespace: 'default', name: 'record' } as const;
    await expect
      .poll(() => patcher.write(ref, { data }).catch((error: StoreError) => error.hint), {
        timeout: 10_000,
      })
      .toContain('verbs [create], resources [secrets], resourceNames [record]');
  });
});
