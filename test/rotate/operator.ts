import { afterAll, beforeAll, expect } from 'vitest';
import { verifies } from '../cluster/clients/board.ts';
import type { Client, Signature } from '../cluster/clients/client.ts';
import { clients, named } from '../cluster/clients/clients.ts';
import { type Field, openField } from '../cluster/clients/field.ts';
import { rig } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import { type Cli, cliOn } from './cli.ts';
import { watch } from './gap.ts';

/** Who rotates a stack on the rig, beside clients that sign and verify there. */
export interface Operator {
  field(): Field;
  cli(): Cli;
  readonly signer: Client;
  readonly verifiers: readonly Client[];
  /** Signatures that each client is asked for again and again. */
  readonly old: readonly Signature[];
  /** Does something while all sign and verify; resolves to the milliseconds in which that failed. */
  watched(what: string, work: () => Promise<unknown>): Promise<Gaps>;
  /** Has `sigstand rotate` come to its end; resolves to what it prints. */
  expectDone(args: readonly string[]): Promise<string>;
  /** Has `sigstand status` sign, and find nothing wrong. */
  looksWell(): Promise<void>;
  /** Has each client verify each of the old signatures. */
  held(): Promise<void>;
  /** The same with the clients as they were at first. */
  sleeperFollows(client: Client): Promise<void>;
}

/** Milliseconds. */
export interface Gaps {
  /** In which a client refused what is newly signed. */
  readonly refused: number;
  /** In which nobody could sign. */
  readonly away: number;
}

/** rekor-cli asks for one key, and verifies nothing else. */
export const verifiers = clients.filter(({ name }) => name !== 'rekor-cli');

/** Brings up a stack for the tests of a file, and takes it down after them. */
export function operatorOf(instance: string): Operator {
  const signer = named('cosign3');
  const old: Signature[] = [];
  let field: Field;
  let cli: Cli;

  beforeAll(async () => {
    field = await openField(instance);
    cli = await cliOn(field.cluster);
    await signer.initialise(field.seat(signer), { blob: '', bundle: '' });
    const first = await field.sign(signer, field.seat(signer));
    old.push(first);
    for (const client of clients) {
      const { status, stdout, stderr } = await client.initialise(field.seat(client), first);
      expect({ client: client.name, status, said: stdout + stderr }).toMatchObject({ status: 0 });
      await field.fallsAsleep(client);
    }
  });
  afterAll(async () => {
    await field?.close();
    await rig(instance).must(['down']);
  });

  return {
    ...{ signer, verifiers, old },
    field: () => field,
    cli: () => cli,
    async watched(what, work) {
      const stop = watch(field, signer, verifiers);
      const began = Date.now();
      let took = 0;
      await work().finally(() => {
        took = Date.now() - began;
      });
      const { made, verified, refused, away, longest, said } = await stop();
      const counts = Object.entries(verified).map(([name, count]) => `${name} ${count}`);
      figure(
        `${what}: ${took} ms; ${made.length} signatures made, verified at once: ${counts.join(', ')};` +
          ` clients refused for ${refused} ms, services away for ${away} ms, the slowest signature ${longest} ms`,
      );
      for (const line of said) process.stdout.write(`${line}\n`);
      old.push(...made.slice(-1));
      return { refused, away };
    },
    async expectDone(args) {
      const { status, stdout, stderr } = await cli.run(['rotate', ...args]);
      expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' });
      return stdout;
    },
    async looksWell() {
      const { status, stdout } = await cli.run(['status', '--token=default/default']);
      expect({ status, stdout }).toMatchObject({ status: 0 });
    },
    async held() {
      for (const client of verifiers) {
        for (const signature of old) await verifies(client, field.seat(client), signature);
      }
    },
    async sleeperFollows(client) {
      for (const signature of old) await verifies(client, field.sleeper(client), signature);
    },
  };
}
