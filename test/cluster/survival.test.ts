import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { long } from '../faults/profile.ts';
import { jobsComplete } from './bring-up.ts';
import { describeRestore } from './restore.ts';
import { rig, waste } from './rig.ts';
import { type Stack, startStack, versions } from './stack.ts';
import { describeRequests } from './survival-requests.ts';
import { describeServers, type Figures } from './survival-servers.ts';
import { describeTuf } from './survival-tuf.ts';

const instance = 'survive';
if (!long) {
  process.stdout.write(
    'survival: FAULTS=long also kills each server alone in three ways and each namespace, ends the whole stack' +
      ' by force and by SIGKILL, takes the database and the log server away for two minutes, and restarts' +
      ' the TUF server twenty times in a row\n',
  );
}

let stack: Stack | undefined;
let atFirst: Record<string, string> = {};
const figures: Figures = [];

beforeAll(async () => {
  const began = Date.now();
  stack = await startStack(instance);
  figures.push(`brought up in ${Date.now() - began} ms`);
  atFirst = await versions(stack.cluster);
  for (let nth = 0; nth < 3; nth++) await stack.ledger.signWithin(60_000);
});

afterAll(async () => {
  // Also where the bring-up failed half-way.
  if (stack) await summarise(stack).finally(() => stack?.remove());
  await rig(instance).must(['down']);
});

async function summarise({ ledger }: Stack) {
  const { tries, verifications, lookups } = ledger.counts;
  figures.push(
    `${ledger.signatures.length} signatures in ${tries} tries, ${lookups} entries looked up,` +
      ` ${verifications} bundles verified`,
  );
  process.stdout.write(`${figures.join('\n')}\n`);
}

const running = () => stack as Stack;
describe('a server that is killed', () => describeServers(running, figures, long));
describe('the TUF repository', () => describeTuf(running, figures, long));
describe('the TUF web server', () => describeRequests(running, figures));

describe('after all that', () => {
  it('every signature verifies, and its entry is where it was', async () => {
    const { ledger } = running();
    expect(await ledger.violations(ledger.signatures)).toEqual([]);
  });

  it('every Job, run again, writes nothing and fails no Pod', async () => {
    const { cluster, manifests } = running();
    await cluster.kubectl('delete', 'jobs', '-A', '-l', 'app.kubernetes.io/part-of=sigstand');
    await cluster.kubectl('apply', '-f', manifests);
    await jobsComplete(cluster);
    expect((await waste(cluster)).failedPods).toEqual([]);
    expect(await versions(cluster)).toEqual(atFirst);
  });
});

// Last, since the cluster is lost.
describe('docs/backup.md', () => describeRestore(running));
