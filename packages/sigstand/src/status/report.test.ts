import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { report, summary, table } from './report.ts';
import { looked, recording, rekor, silent } from './testing.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: new Date(recording.now) }));
afterEach(() => vi.useRealTimers());

describe('what is told', () => {
  it('has what is wrong last, with what to do, and is one line each', async () => {
    const { findings } = await looked(silent(rekor));
    const lines = table(findings).trimEnd().split('\n');
    expect(lines).toHaveLength(findings.length + 1);
    expect(lines.at(-2)).toMatch(
      /^FAIL {2}address +http:\/\/rekor\.rekor-system\.svc +http.*ENOTFOUND/,
    );
    expect(lines.at(-1)).toMatch(/^ +-> see whether its Pod runs/);
    expect(summary(findings)).toMatch(/^1 of \d+ checks fail: address$/);
    expect(JSON.parse(report(findings))).toEqual({ exitStatus: 69, checks: findings });
  });

  it('lets no service move the cursor', () => {
    const says = 'a\n\u001b[2Jb';
    const told = table([{ check: 'c', subject: 's', outcome: 'ok', says }]);
    expect(told).toBe('ok    c  s  a [2Jb\n');
  });
});
