import { describe, expect, it } from 'vitest';
import { unwritable } from './unwritable.ts';

describe('a place that cannot be written', () => {
  const told = (code: string) => {
    const { failure, message, hint } = unwritable('--to', { code }, 'name another');
    return { failure, message, hint };
  };

  it.each(['ENOSPC', 'EDQUOT'])('as it is full (%s), is worth another try', (code) => {
    const hint = 'make room there, and run it again';
    const message = `--to cannot be written: ${code}`;
    expect(told(code)).toEqual({ failure: 'tryAgain', message, hint });
  });

  it.each(['EACCES', 'ENOENT', 'EROFS'])('for %s is wrongly named', (code) => {
    const message = `--to cannot be written: ${code}`;
    expect(told(code)).toEqual({ failure: 'data', message, hint: 'name another' });
  });
});
