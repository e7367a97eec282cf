import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Name } from './names.ts';

/** A key of the providers, as oidc-provider reads it. */
export function newKey(): { key: KeyObject; jwk: object } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256', use: 'sig' };
  return { key: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })), jwk };
}

/** A token with these claims, by the providers' key: pipelines get theirs from no page. */
export function tokenBy(key: KeyObject, issuer: string, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const head = part({ alg: 'ES256', kid: 'test', typ: 'JWT' });
  const all = { iss: issuer, aud: 'sigstore', iat: now, exp: now + 600, ...claims };
  const text = `${head}.${part(all)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** What a token of each issuer has, and by which name its bearer is verified; both as their makers document them. */
export const bearers: Readonly<
  Partial<Record<Name, { claims: Readonly<Record<string, unknown>>; identity: string }>>
> = {
  github: {
    claims: {
      sub: 'repo:octo-org/octo-repo:environment:prod',
      job_workflow_ref: 'octo-org/octo-automation/.github/workflows/sign.yml@refs/heads/main',
      job_workflow_sha: 'a'.repeat(40),
      sha: 'b'.repeat(40),
      event_name: 'push',
      repository: 'octo-org/octo-repo',
      repository_id: '1234567',
      repository_owner: 'octo-org',
      repository_owner_id: '65',
      repository_visibility: 'private',
      ref: 'refs/heads/main',
      runner_environment: 'github-hosted',
      workflow: 'sign',
      workflow_ref: 'octo-org/octo-repo/.github/workflows/ci.yml@refs/heads/main',
      workflow_sha: 'b'.repeat(40),
      run_id: '12345678901',
      run_attempt: '2',
    },
    identity:
      'https://github.com/octo-org/octo-automation/.github/workflows/sign.yml@refs/heads/main',
  },
  gitlab: {
    claims: {
      sub: 'project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1',
      ci_config_ref_uri:
        'gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/feature-branch-1',
      ci_config_sha: 'c'.repeat(40),
      sha: 'c'.repeat(40),
      project_path: 'my-group/my-project',
      project_id: '22',
      project_visibility: 'public',
      namespace_path: 'my-group',
      namespace_id: '72',
      pipeline_id: '574',
      pipeline_source: 'push',
      job_id: '302',
      ref: 'feature-branch-1',
      ref_type: 'branch',
      runner_id: 1,
      runner_environment: 'self-hosted',
    },
    identity:
      'https://gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/feature-branch-1',
  },
  cluster: {
    claims: {
      sub: 'system:serviceaccount:build:release',
      'kubernetes.io': { namespace: 'build', serviceaccount: { name: 'release', uid: '1' } },
    },
    identity: 'https://kubernetes.io/namespaces/build/serviceaccounts/release',
  },
  spiffe: {
    claims: { sub: 'spiffe://example.com/ns/build/sa/release' },
    identity: 'spiffe://example.com/ns/build/sa/release',
  },
  uri: {
    claims: { sub: 'https://robots.idp.svc/release' },
    identity: 'https://robots.idp.svc/release',
  },
  username: { claims: { sub: 'release' }, identity: 'release!idp.svc' },
  jenkins: {
    claims: { sub: 'job/release', job: 'release', build: '7', cause: 'timer' },
    identity: 'https://jenkins.example.com/job/release',
  },
};
