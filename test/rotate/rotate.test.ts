import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { follow } from '../cluster/clients/rotation.ts';
import { servers } from '../cluster/servers.ts';
import { newCtLog } from './new-ct-log.ts';
import { newLog } from './new-log.ts';
import { operatorOf, verifiers } from './operator.ts';
import { passwordsOf } from './password.ts';

/* sigstand rotate on the rig, and each server that starts again: what clients see of it. */

const operator = operatorOf(process.env.RIG ?? 'rotate');
const { watched, expectDone, looksWell, held, cli, field, sleeperFollows } = operator;
const kinds = ['rekor', 'ctlog', 'tsa', 'fulcio', 'tuf-root', 'tuf-keys'] as const;

describe.each(kinds)('sigstand rotate %s', (kind) => {
  it('has no moment in which a client refuses what is newly signed', async () => {
    const flags = kind.startsWith('tuf-') ? [] : ['--linger=5s'];
    const gaps = await watched(`sigstand rotate ${kind}`, () => expectDone([kind, ...flags]));
    expect(gaps.refused).toBe(0);
    await looksWell();
    await held();
  });
});

describe('a server that starts again, as when a node is emptied or an image is new', () => {
  const deployments = servers.filter((server) => !server.endsWith('/mysql-trillian'));
  it.each(deployments)('%s lets nobody wait in vain', async (server) => {
    const [namespace = '', name = ''] = server.split('/');
    const deployment = ['-n', namespace, `deployment/${name}`];
    const gaps = await watched(`kubectl rollout restart ${server}`, async () => {
      await field().cluster.kubectl('rollout', 'restart', ...deployment);
      await field().cluster.kubectl('rollout', 'status', ...deployment, '--timeout=3m');
      // The one before ends when all others have been told.
      await sleep(10_000);
    });
    expect(gaps).toEqual({ refused: 0, away: 0 });
  });
});

describe('sigstand rotate database', () => {
  it('has no moment in which a client is refused, or Trillian away', async () => {
    const passwords = passwordsOf(field().cluster);
    const [before = ''] = await passwords.stored();
    let said = '';
    const gaps = await watched('sigstand rotate database', async () => {
      said = await expectDone(['database']);
    });
    expect(gaps).toEqual({ refused: 0, away: 0 });
    const [after = '', ...others] = await passwords.stored();
    expect({ others, changed: after !== before }).toEqual({ others: [], changed: true });
    expect([await passwords.letsIn(before), await passwords.letsIn(after)]).toEqual([false, true]);
    const printed = said + (await passwords.printed());
    expect(printed.length).toBeGreaterThan(10_000);
    for (const one of [before, after]) expect(printed.includes(one)).toBe(false);
    await looksWell();
    await held();
  });

  it('leaves what backup and createtree read as it was', async () => {
    const backup = ['backup', '--unencrypted', `--to=${join(field().work, 'after-database.tar')}`];
    expect(await cli().run(backup)).toMatchObject({ status: 0 });
    for (const system of ['rekor', 'ctlog']) {
      const job = `createtree-again-${system}`;
      const namespace = `${system}-system`;
      const { spec } = await field().cluster.get<{ spec: JobSpec }>(
        'job',
        'createtree',
        '-n',
        namespace,
      );
      // The network's rules know it by its name; the rest is the first one's own.
      const labels = { 'app.kubernetes.io/name': 'createtree' };
      const template = { ...spec.template, metadata: { labels } };
      await field().cluster.apply(
        JSON.stringify({
          ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: job, namespace } },
          spec: { backoffLimit: 0, template },
        }),
      );
      const done = ['wait', '--for=condition=Complete', '-n', namespace, `job/${job}`];
      await field().cluster.kubectl(...done, '--timeout=2m');
    }
  });
});

newLog(operator);
newCtLog(operator);

interface JobSpec {
  readonly template: { readonly metadata?: object; readonly spec: object };
}

describe('who slept through all of it', () => {
  it.each(verifiers.map((one) => [one.name, one] as const))('%s follows', async (_name, client) => {
    await sleeperFollows(client);
  });
});

describe('by kubectl, for comparison', () => {
  it.each(["Rekor's key", "Fulcio's CA"] as const)(
    '%s has a moment in which clients refuse',
    async (section) => {
      await watched(`docs/rotation.md, ${section}`, async () => {
        await follow(field().cluster, field().folder, section);
        await follow(field().cluster, field().folder, 'Telling the clients');
      });
      await looksWell();
    },
  );
});
