import { type Access, Unsuccessful } from '@sigstand/store/api';
import { StoreError } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { patient } from './outage.ts';

const gone = Object.assign(new Error('hunter2'), { code: 'ECONNREFUSED' });
const answer = (status: number) => new Unsuccessful(status, 'hunter2');

/** A server that answers so in turn, and the last for good; how often it was asked, and what was said of it. */
function serving(
  answers: readonly unknown[],
  { outage = 400, signal = new AbortController().signal } = {},
) {
  const access: Access = { server: 'http://a', options: async () => ({}), forget: () => {} };
  const said: string[] = [];
  const { patiently } = patient(access, { log: (line) => void said.push(line), signal, outage });
  let asked = 0;
  const attempt = async () => {
    const next = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (next !== 'yes') throw next;
    return next;
  };
  return { ask: async () => patiently?.(attempt), patiently, asked: () => asked, said };
}

describe('an API server', () => {
  it.each([
    ['that is not there', gone],
    ['that has no time', answer(503)],
  ])('%s from the beginning is not waited for', async (_what, error) => {
    const { ask, asked, said } = serving([error]);
    await expect(ask()).rejects.toBe(error);
    expect({ asked: asked(), said }).toEqual({ asked: 1, said: [] });
  });

  it.each([
    ['goes away', gone],
    ['has no time', answer(429)],
    ['is out of order', answer(500)],
    ['sends half of an answer', new SyntaxError('hunter2')],
  ])('that %s for a moment is waited for, without a word', async (_what, error) => {
    const { ask, asked, said } = serving(['yes', error, error, 'yes']);
    await ask();
    expect(await ask()).toBe('yes');
    expect({ asked: asked(), said }).toEqual({ asked: 4, said: [] });
  });

  it('that does not come back is given up, and by whoever asks next at once', async () => {
    const { ask, asked } = serving(['yes', gone]);
    await ask();
    await expect(ask()).rejects.toBe(gone);
    const before = asked();
    expect(before).toBeGreaterThan(3);
    await expect(ask()).rejects.toBe(gone);
    expect(asked()).toBe(before + 1);
  });

  it('is told of once, where each attempt is answered by half', async () => {
    const { ask, patiently, said } = serving(['yes'], { outage: 1_600 });
    const halves = patiently?.(async () => {
      await ask();
      throw gone;
    });
    await expect(halves).rejects.toBe(gone);
    expect(said).toEqual(['waiting: the API server did not answer (ECONNREFUSED)']);
  });

  it('that answers others is given up by who never has an answer', async () => {
    const end = AbortSignal.timeout(3_000);
    const { ask, patiently } = serving(['yes', answer(503)], { signal: end });
    await ask();
    let over = false;
    const others = (async () => {
      while (!over) await patiently?.(() => new Promise((done) => setTimeout(done, 20)));
    })();
    await expect(ask()).rejects.toMatchObject({ status: 503 });
    over = true;
    await others;
    expect(end.aborted).toBe(false);
  });

  it.each([
    ['a refusal', answer(403)],
    ['a conflict', answer(409)],
    ['an identity that nobody has', new StoreError('UNAUTHENTICATED', 'no')],
  ])('that answers with %s has answered', async (_what, error) => {
    const { ask, asked } = serving(['yes', error]);
    await ask();
    await expect(ask()).rejects.toBe(error);
    expect(asked()).toBe(2);
  });

  it('that has just come back may not know yet who may do what', async () => {
    const { ask } = serving(['yes', gone, answer(403), answer(401), 'yes'], { outage: 5_000 });
    await ask();
    expect(await ask()).toBe('yes');
  });

  it('that is away for longer is told of, once, and not in its own words', async () => {
    const { ask, said } = serving(['yes', gone, gone, gone, gone, gone, gone, 'yes'], {
      outage: 5_000,
    });
    await ask();
    expect(await ask()).toBe('yes');
    expect(said).toEqual(['waiting: the API server did not answer (ECONNREFUSED)']);
  });

  it('that is silent is told of as soon as a question has had no answer', async () => {
    const late = Object.assign(new Error('hunter2'), { name: 'TimeoutError' });
    const { ask, said, patiently } = serving(['yes'], { outage: 5_000 });
    await ask();
    let left = 1;
    await patiently?.(async () => {
      if (left-- === 0) return;
      await new Promise((done) => setTimeout(done, 1_050));
      throw late;
    });
    expect(said).toEqual(['waiting: the API server did not answer (no answer in time)']);
  });

  it('is not waited for by who is told to stop', async () => {
    const stop = new AbortController();
    const { ask, asked } = serving(['yes', gone], { outage: 30_000, signal: stop.signal });
    await ask();
    const waiting = ask();
    setTimeout(() => stop.abort(), 50);
    await expect(waiting).rejects.toBe(gone);
    expect(asked()).toBeLessThan(5);
  });
});
