import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { binary } from '../programs/binaries.ts';
import { type KubeApiServer, startKubeApiServer } from '../programs/kube-apiserver.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { flags } from './sets.ts';

/* What an upgrade cannot change of a volume that is there: Helm says so before it changes anything. */

let server: KubeApiServer;
const helm = (...args: string[]) =>
  runHelm(binary('helm'), [...args, '--namespace', 'default'], { KUBECONFIG: server.kubeconfig });
const values = (more: object = {}) =>
  flags({ namespaces: { prefix: 'vol-' }, instance: 'vol', ...more });
const upgrade = (more: object, ...args: string[]) =>
  helm('upgrade', 'vol', chart, ...values(more), ...args);
const fast = { size: '2Gi', className: 'fast' };

beforeAll(async () => {
  server = await startKubeApiServer();
  const installed = await helm('install', 'vol', chart, ...values({ storage: fast }));
  expect(installed).toMatchObject({ status: 0 });
});
afterAll(() => server?.stop());

const refused: [object, RegExp][] = [
  [{ storage: { ...fast, size: '3Gi' } }, /\/storage\/size: .* is of 2Gi, .* 3Gi/],
  [{ storage: { size: '2Gi' } }, /\/storage\/className: .* is of fast, .* none/],
  [{ storage: fast, instance: 'other' }, /\/instance: .* is of vol, .* other/],
  [{ storage: fast, instance: '' }, /\/instance: .* is of vol, .* none/],
];

describe('the volume of the database', () => {
  it.each(refused)('is not another one by %o', async (more, reason) => {
    const { status, stderr } = await upgrade(more);
    expect({ status, stderr }).toMatchObject({ status: 1 });
    expect(stderr).toMatch(new RegExp(`values: ${reason.source}`));
    const history = await helm('history', 'vol', '--output', 'json');
    expect(JSON.parse(history.stdout)).toHaveLength(1);
  });

  it('is the same where its size is said in other words', async () => {
    const same = { storage: { ...fast, size: '2048Mi' } };
    expect(await upgrade(same, '--dry-run=server')).toMatchObject({ status: 0 });
  });

  it('is not asked for where a database of somebody else takes its place', async () => {
    const external = { host: 'db.example.com', tls: 'none' };
    const theirs = { database: { external }, instance: 'other' };
    expect(await upgrade(theirs, '--dry-run=server')).toMatchObject({ status: 0 });
  });

  it('is one that a real API server would not change', async () => {
    const patch = JSON.stringify({
      spec: { volumeClaimTemplates: [{ spec: { storageClassName: 'x' } }] },
    });
    const asked = await kubectlOn(server.kubeconfig)([
      ...['patch', 'statefulset', 'mysql-trillian', '-n', 'vol-trillian-system', '-p', patch],
    ]);
    expect(asked.stderr).toContain('updates to statefulset spec');
  });
});
