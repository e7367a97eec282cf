import { mysqlCredentials, rekorMysqlCredentials } from '@sigstand/contracts/records';
import { type Ref, secretIn } from '@sigstand/store/store';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  admitting,
  hashesIn,
  type PasswordKeeper,
  passwordHash,
} from '../packages/sigstand/src/rotate/database-ground.ts';
import { sha256 } from '../packages/sigstand/src/rotate/database-see.ts';
import { databaseWork } from '../packages/sigstand/src/rotate/database-work.ts';
import type { Ground } from '../packages/sigstand/src/rotate/ground.ts';
import { jobPods } from './jobs.ts';
import { Killed, type MemoryStack, memoryStack } from './rotating.ts';
import { findNothingToDo, killedToItsEnd } from './rotating-again.ts';

/* sigstand rotate database, on a stack in memory whose database lets in whom it was told to. */

const record = secretIn(mysqlCredentials.namespace, 'trillian-mysql-next');
let stack: MemoryStack;
let ground: Ground;
let keeper: PasswordKeeper;
/** What the database lets in, by hash. */
let admitted: string[];
let mounted: string;
/** The password with which each server started. */
let servers: Map<string, string>;

const text = async (ref: Ref, key = 'password') =>
  Buffer.from((await stack.store.read(ref))?.data[key] ?? []).toString();

function counted(what: string) {
  if (stack.budget-- <= 0) throw new Killed(what);
  stack.changes.push(what);
}

beforeEach(async () => {
  stack = await memoryStack();
  const password = await text(mysqlCredentials);
  admitted = [passwordHash(password)];
  mounted = password;
  servers = new Map(['log-signer', 'log-server', 'rekor'].map((name) => [name, password]));
  keeper = {
    admitted: async () => admitted,
    async admit(_user, passwords) {
      counted('admit');
      admitted = passwords.map(passwordHash);
    },
    mounted: async () => sha256(mounted),
    async touch() {
      mounted = await text(mysqlCredentials);
    },
  };
  ground = {
    ...stack,
    async restart({ namespace, name }) {
      counted(`restart ${name}`);
      servers.set(name, await text(secretIn(namespace, mysqlCredentials.name)));
    },
  };
});

/** As the servers and the probe of the database's Pod find it: each is let in with what it has. */
function everybodyIsLetIn() {
  for (const [name, password] of [...servers, ['mysql', mounted]]) {
    expect({ name, in: admitted.includes(passwordHash(password ?? '')) }).toEqual({
      name,
      in: true,
    });
  }
}

async function run(giveUp = false): Promise<string[]> {
  const done: string[] = [];
  const work = await databaseWork(ground, { naming: {}, keeper, giveUp });
  await work.run((step) => {
    everybodyIsLetIn();
    done.push(step);
  });
  return done;
}

const steps = ['make', 'admit', 'switch', 'copy', 'mount'];
const restarts = ['log-server', 'rekor', 'log-signer'];
const all = [...steps, ...restarts, 'retire', 'finish'];

describe('sigstand rotate database', () => {
  it('shows its plan, does that, and leaves one new password that everybody has', async () => {
    const before = await text(mysqlCredentials);
    const root = await text(mysqlCredentials, 'root-password');
    const { plan } = await databaseWork(ground, { naming: {}, keeper, giveUp: false });
    expect(stack.changes).toEqual([]);
    expect(plan.map((one) => 'step' in one && one.step)).toEqual(all);
    expect(await run()).toEqual(all);
    const after = await text(mysqlCredentials);
    expect(after).not.toBe(before);
    expect(after).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await text(rekorMysqlCredentials)).toBe(after);
    expect(await text(mysqlCredentials, 'root-password')).toBe(root);
    expect(admitted).toEqual([passwordHash(after)]);
    expect([...servers.values(), mounted]).toEqual([after, after, after, after]);
    expect(await stack.store.read(record)).toBeUndefined();
    await findNothingToDo(stack, jobPods);
  });

  it('killed before each of its changes, goes on, and nobody is refused meanwhile', async () => {
    const before = await text(mysqlCredentials);
    const between = async (deaths: number) => {
      everybodyIsLetIn();
      expect([deaths, (await text(record)) === '']).toEqual([deaths, true]);
    };
    const { ended, killed } = await killedToItsEnd(stack, run, { most: 40, between });
    expect(ended?.at(-1)).toBe('finish');
    expect(killed).toBeGreaterThanOrEqual(5);
    expect(await text(mysqlCredentials)).not.toBe(before);
    expect(await text(rekorMysqlCredentials)).toBe(await text(mysqlCredentials));
    expect(admitted).toEqual([passwordHash(await text(mysqlCredentials))]);
  });

  it.each(Array.from({ length: 9 }, (_, changes) => changes))(
    'goes on where the database started again after %i changes, and knows what its Secret has',
    async (changes) => {
      stack.budget = changes;
      await expect(run()).rejects.toThrow(Killed);
      stack.budget = Number.POSITIVE_INFINITY;
      mounted = await text(mysqlCredentials);
      admitted = [passwordHash(mounted)];
      // Until they start again, servers of before may be refused: that is what the rest is for.
      const work = await databaseWork(ground, { naming: {}, keeper, giveUp: false });
      await work.run(() => {});
      everybodyIsLetIn();
      expect(admitted).toEqual([passwordHash(await text(mysqlCredentials))]);
      expect(await text(rekorMysqlCredentials)).toBe(await text(mysqlCredentials));
    },
  );

  it('is given up before the Secret has the new one, and not after', async () => {
    const before = await text(mysqlCredentials);
    stack.budget = 2;
    await expect(run()).rejects.toThrow(Killed);
    stack.budget = Number.POSITIVE_INFINITY;
    expect(await run(true)).toEqual(['withdraw', 'forget']);
    expect(admitted).toEqual([passwordHash(before)]);
    stack.budget = 3;
    await expect(run()).rejects.toThrow(Killed);
    stack.budget = Number.POSITIVE_INFINITY;
    await expect(run(true)).rejects.toThrow('run it to its end');
    expect((await run()).at(-1)).toBe('finish');
  });
});

describe('what is refused before anything changes', () => {
  const refused = async (said: RegExp) => {
    stack.changes.length = 0;
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(said) });
    expect(stack.changes).toEqual([]);
  };

  it('is a database that somebody else runs', async () => {
    const found = await stack.store.read(mysqlCredentials);
    await stack.store.write(mysqlCredentials, { remove: ['root-password'] }, found);
    // A PostgreSQL has no index of Rekor, and so no copy.
    await stack.remove(rekorMysqlCredentials);
    keeper = { ...keeper, admitted: () => Promise.reject(new Error('nobody is there to ask')) };
    await refused(/docs\/database\.md has what to run/);
  });

  it('is a password that the database does not know', async () => {
    admitted = [passwordHash('another')];
    await refused(/does not let trillian in/);
  });

  it('is a copy with another password', async () => {
    const other = { password: new Uint8Array(Buffer.from('other')) };
    const found = await stack.store.read(rekorMysqlCredentials);
    await stack.store.write(rekorMysqlCredentials, { data: other }, found);
    await refused(/have two passwords/);
  });

  it('is an immutable Secret', async () => {
    const found = await stack.store.read(rekorMysqlCredentials);
    await stack.store.write(rekorMysqlCredentials, { immutable: true }, found);
    await refused(/is immutable/);
  });

  it('is a third password that somebody wrote meanwhile', async () => {
    stack.budget = 2;
    await expect(run()).rejects.toThrow(Killed);
    stack.budget = Number.POSITIVE_INFINITY;
    const found = await stack.store.read(mysqlCredentials);
    const third = { password: new Uint8Array(Buffer.from('third')) };
    await stack.store.write(mysqlCredentials, { data: third }, found);
    await refused(/third password/);
  });
});

describe('a password that somebody writes between a look and a step', () => {
  it('stays, and is told', async () => {
    const third = new Uint8Array(Buffer.from('third'));
    let looks = 0;
    const { admitted: look } = keeper;
    keeper = {
      ...keeper,
      async admitted(user) {
        // The plan, make, admit, and then switch.
        looks += 1;
        const found = await stack.store.read(mysqlCredentials);
        if (looks === 4)
          await stack.store.write(mysqlCredentials, { data: { password: third } }, found);
        return look(user);
      },
    };
    await expect(run()).rejects.toThrow('was changed by somebody else meanwhile');
    expect(await text(mysqlCredentials)).toBe('third');
  });
});

describe('what the database is told', () => {
  it('has hashes and no password, as mysql_native_password makes them', () => {
    // SELECT PASSWORD('alpha'), PASSWORD('beta') of MariaDB 10.11.
    const [alpha, beta] = [
      '*514699B1AEE5B468012A8156585A02A6E843B277',
      '*BD66B1F6FB23D3DBC4E5DDF5B5FF1A4473950D95',
    ];
    expect(admitting('trillian', ['alpha', 'beta'])).toBe(
      `ALTER USER 'trillian'@'%' IDENTIFIED VIA mysql_native_password USING '${alpha}' OR mysql_native_password USING '${beta}';\n`,
    );
    // As MariaDB 10.11.19 keeps that.
    const kept = `{"access":1,"plugin":"mysql_native_password","authentication_string":"${alpha}","auth_or":[{},{"plugin":"mysql_native_password","authentication_string":"${beta}"}]}`;
    expect(hashesIn(kept)).toEqual([alpha, beta]);
    expect(hashesIn(`{"authentication_string":"${beta}","auth_or":[{}]}`)).toEqual([beta]);
  });

  it('is nothing for a user whose name would be more than a name', () => {
    expect(() => admitting("x'@'%'; DROP USER root; --", ['a'])).toThrow('other characters');
  });
});
