import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { openParty, type Party, sign, verify } from '../cluster/party.ts';
import { type Rig, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';
import { type Served, serveChart } from './flux-chart.ts';
import { byTag, helmOn } from './on-rig.ts';
import { flags } from './sets.ts';

/** A rig with Flux's source-controller, and what is looked at there. */
export interface Field {
  readonly cluster: Rig;
  place(): string;
  state(): Promise<object>;
  jobs(): Promise<Record<string, string>>;
  secrets(): Promise<readonly unknown[]>;
  /** Takes away what was there before, with all keys. */
  gone(): Promise<void>;
}

/**
 * The chart as Flux's source-controller serves it for a HelmRelease. Of helm-controller, which installs that, no module is
 * to be had: Helm does it here, and is asked each time what helm-controller asks, whether the cluster still has the release.
 */
export function describeServed({ cluster, place, state, jobs, secrets, gone }: Field): void {
  describe('the chart, as Flux serves it for a HelmRelease', () => {
    let served: Served;
    let party: Party;
    let own: readonly string[] = [];
    const helm = (verb: string, ...args: string[]) =>
      helmOn(cluster, join(place(), 'helm'), 'helm', ...verb.split(' '), 'sigstand', ...args);
    const rendered = async (of: string) => {
      const { stdout } = await runHelm(binary('helm'), ['template', 'sigstand', of, ...own]);
      return stdout.replace(/^# Source: .*$/gm, '');
    };

    /** What a server-side apply of the release would change. */
    async function drift(): Promise<string> {
      const file = join(place(), 'release.yaml');
      writeFileSync(file, await helm('get manifest'));
      const how = ['--server-side', '--force-conflicts', '--field-manager=helm-controller'];
      const { status, stdout, stderr } = await run(
        ...([
          'test/rig/rig',
          ['kubectl', 'diff', ...how, '-f', file],
          { env: cluster.env },
        ] as const),
      );
      if (status > 1) throw new Error(stderr);
      return stdout;
    }

    beforeAll(async () => {
      await gone();
      own = flags({ images: { names: await byTag() } });
      served = await serveChart(cluster, place());
    });
    afterAll(async () => {
      await party?.client.remove();
      await served?.close();
    });

    it('is the folder of each commit, under a version of its own, and installs', async () => {
      const { file, version } = await served.commit(() => {});
      expect(version).toMatch(/^0\.1\.0\+[0-9a-f]{12}$/);
      expect(await rendered(file)).toBe(await rendered(chart));
      await helm('install', file, ...own, '--wait', '--timeout=10m');
      const to = join(place(), 'served');
      const env = { ...cluster.env, SIGSTAND_OUT: join(place(), 'out') };
      const args = ['run', '--silent', 'export', '--', '--to', to];
      expect(await run('npm', args, { env })).toMatchObject({ status: 0 });
      party = await openParty(cluster, 'http://tuf.tuf-system.svc', join(to, '1.root.json'));
      await sign(party);
      expect(await verify(party, party)).toMatchObject({ status: 0 });
    });

    it('does not drift in ten rounds', async () => {
      const before = await state();
      for (let round = 0; round < 10; round += 1) expect(await drift()).toBe('');
      expect(await state()).toEqual(before);
      await cluster.kubectl('delete', 'service', 'fulcio', '-n', 'fulcio-system');
      expect(await drift()).toContain('fulcio');
    });

    it('upgrades to another commit, with every Job anew and each key as it was', async () => {
      const { file } = await served.commit((folder) => {
        const values = join(folder, 'values.yaml');
        const text = readFileSync(values, 'utf8');
        writeFileSync(values, text.replace(/^( +user:) 65532$/m, '$1 65534'));
      });
      expect(await rendered(file)).not.toBe(await rendered(chart));
      const [before, keys] = [await jobs(), await secrets()];
      await helm('upgrade', file, ...own, '--wait', '--timeout=10m');
      const after = await jobs();
      expect(Object.keys(after)).toEqual(Object.keys(before));
      expect(Object.values(after).filter((one) => Object.values(before).includes(one))).toEqual([]);
      expect(await secrets()).toEqual(keys);
      expect(await drift()).toBe('');
      await sign(party);
    });

    it('leaves namespaces and keys when it is uninstalled', async () => {
      const keys = await secrets();
      expect(keys.length).toBeGreaterThan(10);
      await helm('uninstall', '--wait');
      expect(await jobs()).toEqual({});
      expect(await secrets()).toEqual(keys);
    });
  });
}
