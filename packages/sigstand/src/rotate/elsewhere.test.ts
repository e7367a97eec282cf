import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, cli, kubeconfigFor, standIn } from '../testing.ts';

/* A cluster that has no stack, or is no cluster: what is told must not lead anywhere else. */

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function on(answer: Answer, ...args: string[]) {
  const server = await standIn(() => answer);
  const kubeconfig = await kubeconfigFor(server.url);
  closing.push(server.close, kubeconfig.remove);
  const ended = await cli([...args, `--kubeconfig=${kubeconfig.path}`]);
  const changes = server.asked.filter(
    ({ method, url }) => method !== 'GET' && !/\/(leases|token)$/.test(url),
  );
  expect({ stdout: ended.stdout, changes }).toEqual({ stdout: '', changes: [] });
  return ended;
}

const absent = JSON.stringify({ kind: 'Status', reason: 'NotFound', code: 404 });

describe('sigstand rotate', () => {
  it.each(['rekor', 'fulcio', 'tuf-root', 'tuf-keys', 'database'])(
    '%s names the namespace that is not there, and nobody who holds it',
    async (what) => {
      const { status, stderr } = await on({ status: 404, body: absent }, 'rotate', what);
      expect({ status, stderr }).toEqual({
        status: 69,
        stderr:
          'sigstand rotate: error: there is no namespace tuf-system; see whether it is this cluster, and how the namespaces are named: --namespace-prefix, --single-namespace\n',
      });
    },
  );
});

describe('sigstand rotate --new-log', () => {
  it.each([
    [['fulcio', '--new-log'], '--new-log is for rekor and ctlog'],
    [['database', '--new-log'], '--new-log is for rekor and ctlog'],
    [['rekor', '--new-log', '--lead=1s'], 'for rekor, --new-log takes no flag of a key'],
  ])('is refused for %j', async (args, why) => {
    const { status, stderr } = await cli(['rotate', ...args]);
    expect(status).toBe(64);
    expect(stderr).toContain(why);
  });
});

describe('what is no API server', () => {
  it.each([['rotate', 'rekor'], ['up'], ['down'], ['token'], ['export', '--timeout=0s']])(
    'is told as such by sigstand %s',
    async (...args) => {
      const { status, stderr } = await on({ body: '<html>Log in</html>' }, ...args);
      expect(status).toBe(75);
      expect(stderr).toContain('the API server did not answer (what came is not JSON)');
    },
  );
});
