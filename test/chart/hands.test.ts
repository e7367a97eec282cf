import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import { builtCli } from '../cluster/cli.ts';
import { type Rig, rig, waste } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import { type Cli, cliOn } from '../rotate/cli.ts';
import { type Manifest, manifests } from '../stack.ts';

/* sigstand up and down on the rig: what stands in the way, said by real controllers, a scheduler and a kubelet, and deaths. */

const cluster: Rig = rig(process.env.RIG ?? 'test');
let work = '';
let command: readonly string[];
let cli: Cli;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-hands-'));
  await bringUp(cluster, work);
  command = await builtCli();
  cli = await cliOn(cluster);
});
afterAll(async () => {
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

const up = ['up', '--by-tag', '--take-over'];

/** The manifests, with some of their objects changed. */
async function changed(changes: Record<string, (object: Manifest) => void>): Promise<string> {
  const copy = structuredClone(manifests) as Manifest[];
  for (const [title, change] of Object.entries(changes)) {
    const found = copy.find(
      ({ kind, metadata: { namespace, name } }) => `${kind} ${namespace}/${name}` === title,
    );
    if (!found) throw new Error(`no ${title}`);
    change(found);
  }
  const path = join(work, `${Object.keys(changes).join('-').replaceAll(/\W/g, '-')}.yaml`);
  await writeFile(path, copy.map((one) => JSON.stringify(one)).join('\n---\n'));
  return `--manifests=${path}`;
}

/** Runs it with the time of each line on standard error; resolves to how long after the start one matches. */
async function told(words: RegExp, ...args: string[]) {
  const script = `began=$EPOCHREALTIME
    "$@" 2>&1 >/dev/null | while IFS= read -r line; do printf '%s %s %s\\n' "$began" "$EPOCHREALTIME" "$line"; done
    exit "\${PIPESTATUS[0]}"`;
  const run = ['bash', '-c', script, 'bash', ...command, ...up, ...args];
  const { status, stdout } = await cluster.exec(run, { timeout: 120_000 });
  const line = stdout.split('\n').find((one) => words.test(one));
  expect({ status, stdout, line }).toMatchObject({ line: expect.stringMatching(words) });
  const [began, then] = (line ?? '').split(' ').map(Number) as [number, number];
  figure(
    `sigstand up named it after ${(then - began).toFixed(1)} s: ${line?.split(' ').slice(2).join(' ')}`,
  );
  return { status, after: then - began };
}

describe('what stands in the way is named', () => {
  const timeout = '--timeout=12s';
  const createsecret = 'Job trillian-system/createsecret';
  const mysql = 'StatefulSet trillian-system/mysql-trillian';

  it('a node that has no room', async () => {
    const flag = await changed({
      [createsecret]: ({ spec }) => {
        spec.template.spec.containers[0].resources = { requests: { cpu: '500' } };
      },
    });
    const words =
      /waiting: Job \S+: no node takes its Pod: 0\/1 nodes are available: 1 Insufficient cpu/;
    const { status, after } = await told(words, flag, timeout);
    expect(status).toBe(69);
    expect(after).toBeLessThan(10);
  });

  it('a taint', async () => {
    const taint = (word: string) => cluster.kubectl('taint', 'nodes', '--all', word);
    await taint('example.com/off=yes:NoSchedule');
    try {
      const words =
        /waiting: Job \S+: no node takes its Pod: 0\/1 nodes are available: 1 node\(s\) had untolerated taint/;
      const { status, after } = await told(words, timeout);
      expect(status).toBe(69);
      expect(after).toBeLessThan(10);
    } finally {
      await taint('example.com/off-');
    }
  });

  const storage = (name: string) => (object: Manifest) => {
    object.spec.volumeClaimTemplates[0].spec.storageClassName = name;
  };
  /** A StatefulSet takes no other class; nothing is stored in it yet. */
  const forget = async () => {
    const place = ['-n', 'trillian-system'];
    await cluster.kubectl(
      'delete',
      'statefulset',
      'mysql-trillian',
      ...place,
      '--ignore-not-found',
    );
    await cluster.kubectl('delete', 'persistentvolumeclaims', '--all', ...place);
  };

  describe('of its volume:', () => {
    beforeEach(forget);
    afterAll(forget);

    it('a StorageClass that is not there', async () => {
      const words = /StatefulSet \S+mysql-trillian: .*storageclass\S* "nobody" not found/;
      const { status, after } = await told(
        words,
        await changed({ [mysql]: storage('nobody') }),
        timeout,
      );
      expect(status).toBe(65);
      expect(after).toBeLessThan(12);
    });

    it.each(['Immediate', 'WaitForFirstConsumer'])(
      'a provisioner that does not run: %s',
      async (mode) => {
        const kind = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' };
        const metadata = { name: mode.toLowerCase() };
        const provisioner = 'example.com/nobody';
        await cluster.apply(
          JSON.stringify({ ...kind, metadata, provisioner, volumeBindingMode: mode }),
        );
        const words =
          /waiting: StatefulSet \S+: its volume is not bound, PersistentVolumeClaim trillian-system\/data-mysql-trillian-0: .*nobody/;
        const flag = await changed({ [mysql]: storage(metadata.name) });
        const { status, after } = await told(words, flag, '--timeout=20s');
        expect(status).toBe(69);
        expect(after).toBeLessThan(20);
      },
    );

    it('a cluster without a default StorageClass', async () => {
      const annotate = (value: string) =>
        cluster.kubectl(
          ...['annotate', '--overwrite', 'storageclass', 'rig'],
          `storageclass.kubernetes.io/is-default-class=${value}`,
        );
      await annotate('false');
      const { status, after } = await told(
        /no storage class is set; give the cluster a default/,
        timeout,
      );
      await annotate('true');
      expect(status).toBe(65);
      expect(after).toBeLessThan(12);
    });
  });
});

/** Every object by its UID, and the Pods that Jobs have had. */
async function uids(): Promise<Record<string, string>> {
  const kinds = 'secrets,configmaps,services,deployments,statefulsets,jobs,persistentvolumeclaims';
  const label = ['-l', 'app.kubernetes.io/part-of=sigstand'];
  type One = Manifest & { metadata: { uid: string } };
  const { items } = await cluster.get<{ items: One[] }>(kinds, '-A', ...label);
  return Object.fromEntries(
    items.map(({ kind, metadata: { namespace, name, uid } }) => [
      `${kind} ${namespace}/${name}`,
      uid,
    ]),
  );
}

/** A Pod takes its time to end, and that is told. */
const onlyPods = /^(sigstand down: waiting: \S+ \S+: its Pods are not gone yet\n)*$/;

describe('killed', () => {
  const whole = async () => {
    const args = [...up, '--token=default/default', '--json'];
    const { status, stdout, stderr } = await cli.run(args);
    expect({ status, stderr, stdout }).toMatchObject({ status: 0 });
    return JSON.parse(stdout).changed as { object: string; outcome: string }[];
  };

  it('while it brings up the stack, again and again, it goes on, and makes nothing twice', async () => {
    for (const steps of [1, 4, 8, 12, 16]) {
      const before = await uids();
      await cli.kill(up, steps, '✔');
      expect(await uids()).toMatchObject(before);
    }
    const before = await uids();
    expect((await whole()).filter(({ outcome }) => outcome !== 'created')).toEqual([]);
    expect(await uids()).toMatchObject(before);
    expect(await whole()).toEqual([]);
    expect((await waste(cluster)).failedPods).toEqual([]);
  });

  it.each([1, 2, 3])(
    'while it takes the stack down, after %i steps, it goes on, and leaves the keys',
    async (steps) => {
      const { 'Secret tuf-system/tuf-root': root, ...before } = await uids();
      await cli.kill(['down', '--take-over'], steps, '✔');
      // Or the stack is wanted again before it is gone.
      if (steps !== 2) {
        const ended = await cli.run(['down', '--take-over']);
        expect(ended).toMatchObject({ status: 0, stderr: expect.stringMatching(onlyPods) });
      }
      await whole();
      const after = await uids();
      expect(after).toMatchObject({ 'Secret tuf-system/tuf-root': root });
      expect(Object.keys(after).length).toBeGreaterThanOrEqual(Object.keys(before).length);
    },
  );

  it.each([3])('while it deletes the keys, after %i steps, it goes on', async (steps) => {
    const flags = ['down', '--delete-keys', '--take-over'];
    await cli.kill(flags, steps, '✔');
    const { status } = await cli.run(flags);
    expect(status).toBe(0);
    expect(await uids()).toEqual({});
  });
});

describe('brought up again from nothing', () => {
  it('warns that the cluster calls itself otherwise than clients are told, and serves', async () => {
    const told = 'https://kubernetes.default.svc.cluster.local';
    const flag = await changed({
      'ConfigMap tuf-system/createtuf-settings': ({ data }) => {
        data.CREATETUF_OIDC_ISSUER = told;
      },
      'ConfigMap fulcio-system/fulcio-config': ({ data }) => {
        const entry = '  https://kubernetes.default.svc:\n';
        expect(data['config.yaml']).toContain(entry);
        const more = `  ${told}: {client-id: sigstore, type: kubernetes}\n`;
        data['config.yaml'] = data['config.yaml'].replace(entry, more + entry);
      },
    });
    const { status, stdout, stderr } = await cli.run([...up, flag, '--token=default/default']);
    const warning = `issuer ${told}: it calls itself https://kubernetes.default.svc; give createtuf the name that stands in the tokens: CREATETUF_OIDC_ISSUER`;
    expect({ status, stdout, stderr }).toMatchObject({
      ...{ status: 0, stdout: expect.stringContaining('signed and verified, and all in order') },
      stderr: `sigstand up: warning: ${warning}\n`,
    });
  });
});
