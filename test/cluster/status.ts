import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { laterBy } from '../faults/clock.ts';
import { cliOn } from '../rotate/cli.ts';
import { checkoutOf } from './bring-up.ts';
import { follow, type Section } from './clients/rotation.ts';
import type { TufService } from './clients/tuf-service.ts';
import { type Look, lookingAt, named } from './looking.ts';
import type { Rig } from './rig.ts';
import { secretValue } from './stack.ts';

const rekor = 'http://rekor.rekor-system.svc';
const fulcio = 'http://fulcio.fulcio-system.svc';
const ctlog = 'http://ctlog.ctlog-system.svc/sigstorescaffolding';
const tsa = 'http://tsa.tsa-system.svc/api/v1/timestamp';

/** A stack that runs, and how to get at it. */
interface Running {
  readonly cluster: Rig;
  readonly work: string;
  /** The folder of what is applied. */
  readonly manifests: string;
  readonly tuf: TufService;
}

/** `sigstand status` on a stack that is in order, and on one whose links are broken on purpose. */
export function describeStatus(there: () => Running): void {
  let work = '';
  let folder = '';
  let cluster: Rig;
  let tuf: TufService;
  let look: Look;

  beforeAll(async () => {
    ({ cluster, tuf } = there());
    work = await mkdtemp(join(there().work, 'status-'));
    look = await lookingAt(cluster, [`--state=${work}/state.json`, `--root=${work}/root.json`]);
    folder = await checkoutOf(there().manifests);
    // What clients were given, in the hands of somebody who is not the mirror.
    const first = await secretValue(cluster, 'tuf-system/tuf-root', 'root');
    await writeFile(join(work, 'root.json'), first);
  });

  const restarted = async (...names: string[]) => {
    await Promise.all(
      names.map(async (name) => {
        const place = ['-n', `${name}-system`, `deployment/${name}`];
        await cluster.kubectl('rollout', 'restart', ...place);
        await cluster.kubectl('rollout', 'status', ...place, '--timeout=60s');
      }),
    );
  };

  const patched = (kind: string, place: string, data: object) => {
    const [namespace = '', name = ''] = place.split('/');
    const patch = ['--type=merge', '-p', JSON.stringify(data)];
    return cluster.kubectl('patch', kind, name, '-n', namespace, ...patch);
  };

  describe('a healthy stack', () => {
    it('is said to be in order, signature included', async () => {
      const looked = await look(['--token=default/default']);
      expect(looked).toMatchObject({ status: 0, stderr: '' });
      expect([...named(looked), ...named(looked, 'warn'), ...named(looked, 'none')]).toEqual([]);
      expect(looked.checks.find(({ check }) => check === 'signature')?.says).toBe(
        'signed and verified, as https://kubernetes.io/namespaces/default/serviceaccounts/default',
      );
    });

    it('is known again, with what it has logged since', async () => {
      const looked = await look();
      expect(looked.status).toBe(0);
      const trees = looked.checks.filter(({ check }) => check.endsWith('-tree'));
      const grown = trees.map(({ says }) => {
        const [, now, then] =
          /^(?:tree \d+|it) has (\d+) entries, the (\d+) that were seen first$/.exec(says) ?? [];
        return Number(now) - Number(then);
      });
      expect(grown).toEqual([1, 1]);
    });

    it('is the same from where the names lead, with the authority of the cluster', async () => {
      const of = ['configmap', 'kube-root-ca.crt', '-n', 'default'];
      const { data } = await cluster.get<{ data: { 'ca.crt': string } }>(...of);
      await writeFile(join(work, 'ca.crt'), data['ca.crt']);
      const direct = ['--direct', '--kubeconfig=/nonexistent/of/nobody'];
      expect(await look([...direct, `--ca=${work}/ca.crt`])).toMatchObject({ status: 0 });
      const looked = await look(direct);
      expect(looked.status).toBe(69);
      expect(looked.checks.find(({ outcome }) => outcome === 'fail')).toMatchObject({
        check: 'issuer',
        todo: 'give the certificate of its authority with --ca',
      });
    });

    it('is warned of certificates that end, where that is soon', async () => {
      const looked = await look(['--soon=11y']);
      expect(looked.status).toBe(0);
      expect(named(looked, 'warn')).toEqual(['certificates fulcio', 'certificates tsa']);
    });

    it('is no use to clients in eight days, if nobody signs the timestamp again', async () => {
      const looked = await look([], laterBy(8 * 86_400_000));
      expect(looked.status).toBe(65);
      expect(named(looked)).toEqual(['tuf-expiry timestamp']);
    });

    it('tells who may not ask what is missing', async () => {
      await cluster.kubectl('create', 'serviceaccount', 'bystander', '-n', 'default');
      const token = await cluster.kubectl('create', 'token', 'bystander', '-n', 'default');
      const config = JSON.parse(await cluster.kubectl('config', 'view', '--raw', '-o', 'json'));
      const users = [{ name: config.users[0].name, user: { token: token.trim() } }];
      await writeFile(join(work, 'bystander'), JSON.stringify({ ...config, users }));
      const looked = await look([`--kubeconfig=${work}/bystander`]);
      expect(looked.status).toBe(77);
      expect(looked.checks.find(({ outcome }) => outcome === 'fail')?.todo).toContain(
        'resources [services], resourceNames [tuf]',
      );
    });
  });

  describe('a mirror that serves what is older than what was seen', () => {
    it('is named', async () => {
      const before = await tuf.files();
      await tuf.createtuf('refresh', ['--timestamp-renew=604799s']);
      const after = await tuf.files();
      expect((await look()).status).toBe(0);
      await publish(before);
      const looked = await look();
      expect(looked.status).toBe(78);
      expect(named(looked)).toEqual(['tuf-versions http://tuf.tuf-system.svc']);
      expect(looked.stderr).toContain('checks fail: tuf-versions; ');
      await publish(after);
    });

    async function publish(files: Readonly<Record<string, Buffer>>) {
      const texts = Object.entries(files).map(([name, bytes]) => [name, bytes.toString()]);
      const only = { 'timestamp.json': Object.fromEntries(texts)['timestamp.json'] };
      await patched('configmap', 'tuf-system/tuf-repository', { data: only });
      await tuf.served();
    }
  });

  describe('every key replaced, clients not told, and sent to what is not there', () => {
    const section = (name: Section) => follow(cluster, folder, name);

    beforeAll(async () => {
      const gone = ['--tsa-url=http://tsa.tsa-system.svc', '--tsa-url=http://tsa.gone.svc'];
      await tuf.createtuf('wrong', [...gone, '--oidc-issuer=http://issuer.gone.svc']);
      await Promise.all([
        section("Rekor's key"),
        section('The timestamp authority'),
        fulcioAndCtlog(),
      ]);
    });

    /** Both at once, where docs/rotation.md has one after the other. */
    async function fulcioAndCtlog() {
      const copies = ['-n', 'tuf-system', 'secret', 'fulcio-pub-key', 'ctlog-public-key'];
      await cluster.kubectl('annotate', ...copies, 'sigstand.dev/new-key=yes');
      const gone = [
        ['fulcio-system', 'secret/fulcio-secrets', 'secret/fulcio-pub-key', 'job/createcerts'],
        ['ctlog-system', 'secret/ctlog-secrets', 'secret/ctlog-public-key', 'job/createctconfig'],
      ] as const;
      const files = ['30-fulcio.yaml', '40-ctlog.yaml'].flatMap((name) => [
        ...['-f', join(folder, 'manifests', name)],
      ]);
      await Promise.all(
        gone.map(([place, ...all]) => cluster.kubectl('delete', '-n', place, ...all)),
      );
      await cluster.kubectl('apply', ...files);
      for (const [place, , , job] of gone) {
        await cluster.kubectl(
          'wait',
          '--for=condition=Complete',
          '-n',
          place,
          job,
          '--timeout=90s',
        );
      }
      await restarted('fulcio', 'ctlog');
      await cluster.kubectl('delete', ...copies);
    }

    it('is named, each link', async () => {
      const looked = await look(['--token=default/default']);
      expect(looked.status).toBe(78);
      expect(named(looked)).toEqual(
        [
          `rekor-key ${rekor}`,
          `rekor-checkpoint ${rekor}`,
          `fulcio-chain ${fulcio}`,
          `fulcio-issuers ${fulcio}`,
          `ctlog-key ${ctlog}`,
          `tsa-chain ${tsa}`,
          `tsa-timestamp ${tsa}`,
          'address http://tsa.gone.svc/api/v1/timestamp',
          'issuer http://issuer.gone.svc',
          `signature ${fulcio}`,
        ].sort(),
      );
    });

    it('is in order again once clients are told, and the logs are the same', async () => {
      await section('Telling the clients');
      await tuf.served();
      const looked = await look(['--token=default/default']);
      expect(named(looked)).toEqual([]);
      expect(looked.status).toBe(0);
    });
  });

  describe('a timestamp authority that sigstand rotate replaces', () => {
    it('is in order after it, and two operators at once are one', async () => {
      const { run } = await cliOn(cluster);
      const both = await Promise.all([run(['rotate', 'tsa']), run(['rotate', 'tsa'])]);
      const [done, refused] = both.sort((a, b) => a.status - b.status);
      expect(done).toMatchObject({ status: 0, stderr: '' });
      expect(done?.stdout).toMatch(/ {2}ok {2}finish /);
      expect(refused?.status).toBe(75);
      expect(refused?.stderr).toMatch(/Lease tuf-system\/sigstand is held by operator@/);
      const looked = await look(['--token=default/default']);
      expect(named(looked)).toEqual([]);
      expect(looked.status).toBe(0);
    });
  });

  describe('a log of another tree, a CT log without the root, an authority that is away', () => {
    it('are named, each', async () => {
      const other = await cluster.kubectl(
        ...[
          'get',
          'configmap',
          'ctlog-config',
          '-n',
          'ctlog-system',
          '-o',
          'jsonpath={.data.treeID}',
        ],
      );
      const chain = await secretValue(cluster, 'tsa-system/tsa-cert-chain', 'cert-chain');
      const [, tsaRoot = ''] =
        /(-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\s*)$/.exec(`${chain}`) ?? [];
      await Promise.all([
        patched('configmap', 'rekor-system/rekor-config', { data: { treeID: other } }),
        patched('secret', 'ctlog-system/ctlog-secrets', { stringData: { rootca: tsaRoot } }),
        cluster.kubectl('scale', '-n', 'tsa-system', 'deployment/tsa', '--replicas=0'),
      ]);
      await restarted('rekor', 'ctlog');
      const looked = await look();
      expect(looked.status).toBe(78);
      expect(named(looked)).toEqual([
        `address ${tsa}`,
        `ctlog-roots ${ctlog}`,
        `rekor-tree ${rekor}`,
      ]);
    });
  });
}
