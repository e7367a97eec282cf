import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, cli, kubeconfigFor, standIn } from './testing.ts';

const payload = Buffer.from(JSON.stringify({ iss: 'https://issuer.test' })).toString('base64url');
const secret = `head.${payload}.signature-that-nobody-may-see`;
const made = { status: { token: secret, expirationTimestamp: '2026-01-01T00:10:00Z' } };

let answer: Answer;
let api: Awaited<ReturnType<typeof standIn>>;
let config: Awaited<ReturnType<typeof kubeconfigFor>>;

beforeEach(async () => {
  answer = { status: 201, body: JSON.stringify(made) };
  api = await standIn(() => answer);
  config = await kubeconfigFor(api.url);
});
afterEach(async () => {
  api.close();
  await config.remove();
});

const token = (...args: string[]) => cli(['token', `--kubeconfig=${config.path}`, ...args]);

const refused = (status: number, message: string, reason = '') => ({
  status,
  body: JSON.stringify({ kind: 'Status', message, reason }),
});

describe('sigstand token', () => {
  it('prints the token and nothing else', async () => {
    expect(await token()).toEqual({ status: 0, stdout: `${secret}\n`, stderr: '' });
    expect(api.asked).toHaveLength(1);
    expect(api.asked[0]).toMatchObject({
      method: 'POST',
      url: '/api/v1/namespaces/default/serviceaccounts/default/token',
    });
    expect(JSON.parse(api.asked[0]?.body ?? '')).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['sigstore'], expirationSeconds: 600 },
    });
  });

  it('asks for the account, audience and lifetime that the flags name', async () => {
    const flags = ['--namespace=ci', '--service-account=builder', '--audience=other'];
    expect((await token(...flags, '--expiry', '1h')).status).toBe(0);
    expect(api.asked[0]?.url).toBe('/api/v1/namespaces/ci/serviceaccounts/builder/token');
    expect(JSON.parse(api.asked[0]?.body ?? '').spec).toEqual({
      audiences: ['other'],
      expirationSeconds: 3_600,
    });
  });

  it('tells with --json what a verifier must expect', async () => {
    const { stdout } = await token('--json', '--namespace=ci');
    expect(JSON.parse(stdout)).toEqual({
      token: secret,
      expires: '2026-01-01T00:10:00Z',
      identity: 'https://kubernetes.io/namespaces/ci/serviceaccounts/default',
      issuer: 'https://issuer.test',
    });
  });

  it('takes the kubeconfig from the environment, and another context of it', async () => {
    const env = { KUBECONFIG: config.path };
    expect((await cli(['token'], { env })).status).toBe(0);
    const { status, stderr } = await cli(['token', '--context=elsewhere'], { env });
    expect({ status, stderr }).toEqual({
      status: 75,
      stderr:
        'sigstand token: error: create a token of ServiceAccount default/default: the API server did not answer ' +
        '(ECONNREFUSED); check that it runs and can be reached, then run this again\n',
    });
  });
});

describe('sigstand token refuses', () => {
  it.each([
    ['an account that is not there', refused(404, 'serviceaccounts "x" not found', 'NotFound'), 65],
    [
      'a caller without the right',
      refused(
        403,
        'serviceaccounts "x" is forbidden: User "me" cannot create resource "serviceaccounts/token" in API group ""',
      ),
      77,
    ],
    ['a caller that nobody knows', refused(401, 'Unauthorized'), 77],
    ['a rule that is against it', refused(422, 'spec.expirationSeconds: Invalid value'), 65],
    ['an API server that is out of order', refused(503, 'etcd'), 75],
    ['an answer without a token', { body: '{}' }, 65],
  ])('%s', async (_what, given, status) => {
    answer = given;
    const ended = await token('--service-account=x', '--namespace=ci');
    expect(ended).toMatchObject({ status, stdout: '' });
    expect(ended.stderr).toMatch(/^sigstand token: error: [^\n]*; [^\n]*\n$/);
    expect(ended.stderr).not.toContain('my-own-login');
  });

  it('with the rule that the caller lacks', async () => {
    const message =
      'serviceaccounts "x" is forbidden: User "me" cannot create resource "serviceaccounts/token" in API group ""';
    answer = refused(403, message);
    expect((await token('--service-account=x')).stderr).toContain(
      'grant it in a Role of namespace default bound to me: apiGroups [""], verbs [create], ' +
        'resources [serviceaccounts/token], resourceNames [x]',
    );
  });

  it('an answer that cannot be read, and does not repeat it', async () => {
    answer = { body: `${secret} is no JSON` };
    const { status, stdout, stderr } = await token();
    expect({ status, stdout }).toEqual({ status: 75, stdout: '' });
    expect(stderr).not.toContain('signature-that-nobody-may-see');
  });

  it.each([
    ['--expiry=9m', 'Write 10m to 24h'],
    ['--expiry=25h', 'Write 10m to 24h'],
    ['--namespace=No_Such', 'Kubernetes names have small letters'],
    ['--kubeconfig=/nonexistent/of/nobody', '--kubeconfig cannot be read: ENOENT'],
    ['a-word', 'too many arguments'],
  ])('%s', async (flag, said) => {
    const { status, stderr } = await token(flag);
    expect({ status, asked: api.asked }).toEqual({ status: 64, asked: [] });
    expect(stderr).toContain(said);
  });

  it('a context that is not there', async () => {
    const { status, stderr } = await token('--context=nowhere');
    expect(status).toBe(65);
    expect(stderr).toContain('the context that --context names does not exist');
  });
});

describe('sigstand', () => {
  it.each([
    [[], 'no verb is given'],
    [['no-such-verb'], 'there is no such verb'],
    [['constructor'], 'there is no such verb'],
  ])('names what is wrong with %j', async (args, said) => {
    const { status, stdout, stderr } = await cli(args);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toBe(`sigstand: error: ${said}; sigstand --help lists the verbs\n`);
  });

  it('tells its verbs and its version', async () => {
    expect((await cli(['--help'])).stdout).toMatch(
      /Verbs:\n(?: {2}[a-z]+ +\S.*\n)*? {2}status .*\n {2}token /,
    );
    expect(await cli(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });
});
