import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Signature } from './ledger.ts';
import {
  comeBack,
  end,
  type Life,
  living,
  namespaces,
  servers,
  type Way,
  ways,
} from './servers.ts';
import type { Stack } from './stack.ts';

/** Until every server is Ready: some seconds, and the kubelet's back-off where one has met no database. */
const within = 120_000;
/** From there until a signature: gRPC waits longer from try to try, for two minutes at most. */
const signingWithin = 60_000;

const everyWay = Object.keys(ways) as Way[];
/** Servers that do not lean on each other die together: the others have to find each of them again. */
const rounds = [
  ['trillian-system/log-server', 'tsa-system/tsa'],
  ['trillian-system/log-signer', 'fulcio-system/fulcio'],
  ['rekor-system/rekor', 'ctlog-system/ctlog'],
];
/** Killed by tests of their own: the database under load, the TUF server twenty times. */
const apart = ['trillian-system/mysql-trillian', 'tuf-system/tuf'];
const crowded = namespaces.filter(
  (namespace) => servers.filter((server) => server.startsWith(`${namespace}/`)).length > 1,
);

/** What was measured, a line each; printed when all is over. */
export type Figures = string[];

/** Ends servers, waits for them, and asks of the stack all that it promised before and after. */
async function survives(stack: Stack, figures: Figures, of: readonly string[], way: Way) {
  const { cluster, ledger, logs } = stack;
  const lives = (await living(cluster)).filter(({ server }) => of.includes(server));
  expect(lives.map(({ server }) => server).sort()).toEqual([...of].sort());

  const since = Date.now();
  await end(cluster, lives, way);
  const took = await comeBack(cluster, lives, { since, within });
  const { tries, took: signing } = await ledger.signWithin(signingWithin);
  figures.push(
    `${ways[way]}: ${[...took].map(([server, ms]) => `${server} ${ms} ms`).join(', ')};` +
      ` then signed in ${signing} ms, ${tries} tries`,
  );

  const [first, last] = [ledger.signatures[0], ledger.signatures.at(-1)] as Signature[];
  expect(await ledger.violations(ledger.signatures, 'log')).toEqual([]);
  expect(await ledger.violations([first!, last!])).toEqual([]);
  expect(await logs.grew()).toEqual({ rekor: true, ctlog: true });
}

/** cosign signs, four at once, while the database ends; resolves to what it reported as made. */
async function underLoad(stack: Stack, way: Way) {
  const { cluster, ledger } = stack;
  const database: Life[] = (await living(cluster)).filter(({ server }) => /mysql/.test(server));
  expect(database).toHaveLength(1);
  const [made, refused]: [{ signature: Signature; at: number }[], number[]] = [[], []];
  let over = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      const signature = await ledger.sign();
      if (signature) made.push({ signature, at: Date.now() });
      else refused.push(Date.now());
    }
  });
  // Killed while they sign: on a busy machine the first signature takes longer than anybody would sleep.
  await until(() => made.length > 0);
  const killed = Date.now();
  await end(cluster, database, way);
  const took = await comeBack(cluster, database, { since: killed, within });
  const back = Date.now();
  await until(() => made.some(({ at }) => at > back));
  over = true;
  await Promise.all(load);
  return { made, refused, killed, back, took: Math.max(...took.values()) };
}

/** Waits as long as a signature may take, at most. */
async function until(isSo: () => boolean): Promise<void> {
  const began = Date.now();
  while (!isSo() && Date.now() < began + signingWithin) await sleep(50);
}

/** The services, killed in every way there is; `long` says whether all of it is run. */
export function describeServers(of: () => Stack, figures: Figures, long: boolean): void {
  it('would be seen to have lost or changed an entry', async () => {
    const { ledger, logs } = of();
    const [signature, other] = ledger.signatures as [Signature, Signature];
    const { entry } = signature;
    const shown = await logs.rekorEntry(entry.logIndex);
    const { inclusionProof: proof } = shown.verification;
    const proven = (changed: Partial<typeof proof>) =>
      logs.faultOf({ ...shown, verification: { inclusionProof: { ...proof, ...changed } } }, entry);
    expect(proven({})).toBeUndefined();
    expect(proven({ hashes: proof.hashes.with(0, '00'.repeat(32)) })).toMatch(/leads elsewhere/);
    expect(proven({ hashes: proof.hashes.slice(1) })).toMatch(/leads elsewhere/);
    expect(proven({ treeSize: proof.treeSize + 1 })).toMatch(/signed is/);
    const forged = proof.checkpoint.replace(`\n${proof.treeSize}\n`, '\n9\n');
    expect(() => proven({ checkpoint: forged })).toThrow(/has not signed/);
    expect(logs.faultOf(shown, other.entry)).toMatch(/stands at/);

    const nowhere = { ...signature, entry: { ...entry, logIndex: 1_000_000 } };
    expect(await ledger.violations([nowhere], 'log')).toEqual([expect.stringMatching(/ 404/)]);
    const swapped = await ledger.violations([{ ...signature, blob: other.blob }]);
    expect(swapped).toEqual([expect.stringContaining('is refused')]);
  });

  it('dies in these tests, whichever server of the manifests it is', () => {
    expect([...rounds.flat(), ...apart].sort()).toEqual([...servers].sort());
  });

  it.each(rounds.map((round) => round.join(' and ')))(
    '%s come back by themselves, and nothing is lost',
    async (round) => {
      await survives(of(), figures, round.split(' and '), 'by force');
    },
  );

  it('the whole stack at once comes back, as after a drain of its node', async () => {
    await survives(of(), figures, servers, 'politely');
  });

  it('a finished Job whose Pod is deleted does not run again', async () => {
    const { cluster } = of();
    const done = ['-A', '-l', 'job-name', '--field-selector=status.phase=Succeeded'];
    await cluster.kubectl('delete', 'pods', ...done);
    const jobs = await cluster.get<{ items: { status: { succeeded?: number } }[] }>('jobs', '-A');
    expect(jobs.items.length).toBeGreaterThanOrEqual(7);
    expect(jobs.items.filter(({ status }) => status.succeeded !== 1)).toEqual([]);
    const { items } = await cluster.get<{ items: unknown[] }>('pods', '-A', '-l', 'job-name');
    expect(items).toEqual([]);
  });

  it.each(long ? everyWay : (['by SIGKILL'] as const))(
    'the database ends %s while four sign, and every signature reported as made is there',
    async (way) => {
      const { ledger, logs } = of();
      const { made, refused, killed, back, took } = await underLoad(of(), way);
      figures.push(
        `database ${ways[way]} under load: ${made.length} made, ${refused.length} refused,` +
          ` Ready after ${took} ms`,
      );
      expect(made.some(({ at }) => at < killed)).toBe(true);
      expect(made.some(({ at }) => at > back)).toBe(true);
      expect(await ledger.violations(made.map(({ signature }) => signature))).toEqual([]);
      const indexes = made.map(({ signature }) => signature.entry.logIndex);
      expect(new Set(indexes).size).toBe(made.length);
      expect(await logs.grew()).toEqual({ rekor: true, ctlog: true });
    },
  );

  describe.runIf(long)('at length', () => {
    const alone = everyWay.flatMap((way) => servers.map((server) => [server, way] as const));
    it.each(alone)('%s ends %s, and comes back by itself', async (server, way) => {
      await survives(of(), figures, [server], way);
    });

    const together = everyWay.flatMap((way) => crowded.map((place) => [place, way] as const));
    it.each(together)('all of %s end %s, and come back', async (namespace, way) => {
      const inside = servers.filter((server) => server.startsWith(`${namespace}/`));
      await survives(of(), figures, inside, way);
    });

    it.each(['by force', 'by SIGKILL'] as const)(
      'the whole stack ends %s, as with its node, and comes back',
      async (way) => {
        await survives(of(), figures, servers, way);
      },
    );

    it.each(['statefulset/mysql-trillian', 'deployment/log-server'])(
      '%s is away for two minutes, and is found again without a restart of the others',
      async (what) => {
        const { cluster, ledger } = of();
        const scale = (replicas: number) =>
          cluster.kubectl('scale', what, '-n', 'trillian-system', `--replicas=${replicas}`);
        const others = (await living(cluster)).filter(({ pod }) => !what.includes(pod.slice(0, 8)));
        await scale(0);
        await sleep(120_000);
        await scale(1);
        await cluster.kubectl('rollout', 'status', what, '-n', 'trillian-system', '--timeout=2m');
        const { tries, took } = await ledger.signWithin(150_000);
        figures.push(`${what} away for two minutes: then signed in ${took} ms, ${tries} tries`);
        const now = (await living(cluster)).map(({ container }) => container);
        expect(now).toEqual(expect.arrayContaining(others.map(({ container }) => container)));
        expect(await ledger.violations(ledger.signatures, 'log')).toEqual([]);
      },
    );
  });
}
