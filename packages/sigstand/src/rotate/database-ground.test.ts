import { JobError } from '@sigstand/job/errors';
import type { Access } from '@sigstand/store/api';
import { describe, expect, it } from 'vitest';
import { CutOff, type Exec } from '../exec.ts';
import { patient } from '../outage.ts';
import { passwordKeeper } from './database-ground.ts';

/** A database whose answers are lost so often: half is there, and then the connection is not. */
function losing(times: number, answer: string) {
  let count = 0;
  const exec: Exec = async (command) => {
    const isLost = count < times;
    count += 1;
    async function* stdout() {
      yield Buffer.from(isLost ? answer.slice(0, 4) : answer);
      if (isLost) throw new CutOff(command);
    }
    const ended = isLost ? Promise.reject(new CutOff(command)) : { status: 0, stderr: '' };
    Promise.resolve(ended).catch(() => {});
    return { stdout: stdout(), ended: Promise.resolve(ended) };
  };
  const said: string[] = [];
  const { signal } = new AbortController();
  const waiting = { log: (line: string) => void said.push(line), signal, outage: 1_500 };
  const access = patient({} as Access, waiting);
  /** Once it has answered something. */
  const keeper = async () => {
    await access.patiently?.(async () => {});
    return passwordKeeper(access, 'trillian-system', { now: () => new Date(), exec });
  };
  return { keeper, said, count: () => count };
}

const priv = '{"authentication_string":"*AB"}\n';

describe('what is said to the database of a stack', () => {
  it.each([1, 4])('is said again where the connection is cut off, %i times', async (times) => {
    expect(await (await losing(times, priv).keeper()).admitted('trillian')).toEqual(['*AB']);
    const { mounted } = await losing(0, 'password').keeper();
    expect(await (await losing(times, 'password').keeper()).mounted()).toBe(await mounted());
    const admitting = losing(times, '');
    await (await admitting.keeper()).admit('trillian', ['a', 'b']);
    expect(admitting.count()).toBe(times + 1);
  });

  it.each(['admitted', 'mounted', 'admit'] as const)(
    'is not said for ever, where it is cut off each time: %s',
    async (what) => {
      const { keeper, said } = losing(100, priv);
      const found = (await keeper())[what]('trillian', ['a']);
      await expect(found).rejects.toThrow('was cut off');
      expect(said).toEqual([
        'waiting: the connection to Pod trillian-system/mysql-trillian-0 was cut off',
      ]);
    },
  );
});

it('another error is said at once', async () => {
  let count = 0;
  const exec: Exec = async () => {
    count += 1;
    throw new JobError('forbidden', 'no way to it');
  };
  const { signal } = new AbortController();
  const access = patient({} as Access, { log: () => {}, signal, outage: 1_500 });
  await access.patiently?.(async () => {});
  const keeper = passwordKeeper(access, 'trillian-system', { now: () => new Date(), exec });
  await expect(keeper.admitted('trillian')).rejects.toThrow('no way to it');
  expect(count).toBe(1);
});
