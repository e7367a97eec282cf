import { describe, expect, it } from 'vitest';
import { done, parseCost } from './process.ts';

const text = '{"status":0,"userUs":89037,"sysUs":17125,"peakKiB":39936,"wallUs":177770}';

describe('the cost of a process', () => {
  it('is user and system time together, in milliseconds and MiB', () => {
    expect(parseCost(text)).toEqual({ status: 0, cpu: 106.162, peak: 39, wall: 177.77 });
  });

  it('is an error where a part of it is missing', () => {
    expect(() => parseCost('{"status":0,"userUs":1}')).toThrow('no sysUs');
  });

  it('is not taken from a process that failed', () => {
    const failed = { ...parseCost(text), status: 65, log: 'createtree: no' };
    expect(() => done(failed, 'createtree')).toThrow('createtree ended with 65:\ncreatetree: no');
  });
});
