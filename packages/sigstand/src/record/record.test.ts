import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordedRemovalOf } from '../down/recorded.ts';
import { type KubeObject, titleOf } from '../up/objects.ts';
import { recordAt, writeRecord } from './file.ts';
import { type Made, noted, settled } from './record.ts';

/* What is noted of a stack, and what of it goes, by objects written by hand. */

const labels = { 'app.kubernetes.io/part-of': 'sigstand' };
const object = (kind: string, name: string, namespace?: string, more: object = {}): KubeObject => ({
  ...{ apiVersion: 'v1', kind },
  metadata: { name, labels, uid: `uid-${name}`, ...(namespace && { namespace }), ...more },
});
const byTitle = (all: readonly KubeObject[]) => new Map(all.map((one) => [titleOf(one), one]));
const home = object('Namespace', 'tuf-system');
const settings = object('ConfigMap', 'settings', 'tuf-system');
const job = object('Job', 'createtuf', 'tuf-system');
const wanted = [home, settings, job];
const nothing = { found: new Map(), labelled: [] };
const names = (made: Made) => made.objects.map(({ name, uid }) => [name, uid]);

describe('the record', () => {
  it('has what is about to be made, then which objects these are', () => {
    const before = noted(undefined, wanted, nothing);
    expect(names(before)).toEqual([
      ['tuf-system', undefined],
      ['settings', undefined],
      ['createtuf', undefined],
    ]);
    expect(names(settled(before, byTitle([home])))).toContainEqual([
      'tuf-system',
      'uid-tuf-system',
    ]);
  });

  it('has nothing of what was there before', () => {
    const made = noted(undefined, wanted, { found: byTitle([home]), labelled: [home] });
    expect(names(made).map(([name]) => name)).toEqual(['settings', 'createtuf']);
    expect(made.before).toEqual(['Namespace tuf-system']);
  });

  it('knows what a run made that was killed, and keeps what was there before the first one', () => {
    const killed = noted(undefined, wanted, nothing);
    const again = noted(killed, wanted, { found: byTitle([home]), labelled: [home] });
    expect(names(again)[0]).toEqual(['tuf-system', 'uid-tuf-system']);
    expect(again.before).toEqual([]);
  });

  it('knows a Job that was made anew', () => {
    const made = settled(noted(undefined, wanted, nothing), byTitle(wanted));
    const anew = object('Job', 'createtuf', 'tuf-system', { uid: 'another' });
    expect(names(settled(made, byTitle([anew])))).toContainEqual(['createtuf', 'another']);
  });
});

describe('what goes by a record', () => {
  const whole = settled(noted(undefined, wanted, nothing), byTitle(wanted));
  const secret = object('Secret', 'tuf-keys', 'tuf-system');
  const goes = (made: Made, more: { inside?: KubeObject[]; found?: KubeObject[] } = {}) => {
    const { inside = [], found = wanted } = more;
    const here = { manifests: wanted, found: byTitle(found), labelled: [...found, secret], inside };
    const { waves, left, lost } = recordedRemovalOf(here, made, 'tuf-system');
    const gone = waves.flatMap(({ objects }) => objects.map(titleOf));
    return { gone, left, lost: lost.map(titleOf) };
  };

  it('is a namespace of its own, with all in it', () => {
    expect(goes(whole)).toEqual({
      gone: ['Namespace tuf-system'],
      left: [],
      lost: ['Secret tuf-system/tuf-keys'],
    });
  });

  it('is each object, where others have something in the namespace', () => {
    const theirs = object('Secret', 'theirs', 'tuf-system', { labels: {} });
    const { gone, left } = goes(whole, { inside: [theirs, secret] });
    expect(gone).toEqual([
      'Job tuf-system/createtuf',
      'ConfigMap tuf-system/settings',
      'Secret tuf-system/tuf-keys',
    ]);
    expect(left).toEqual([
      'Namespace tuf-system holds Secret tuf-system/theirs, which is of others',
    ]);
  });

  it('is no key that was there before, and no namespace', () => {
    const made = noted(undefined, wanted, { found: byTitle([home]), labelled: [home, secret] });
    const { gone, left } = goes(made);
    expect(gone).toEqual(['Job tuf-system/createtuf', 'ConfigMap tuf-system/settings']);
    expect(left).toEqual(['Namespace tuf-system, which was there before']);
  });

  it('is no object that others made anew', () => {
    const theirs = object('ConfigMap', 'settings', 'tuf-system', { uid: 'theirs' });
    const crowd = object('Secret', 'theirs', 'tuf-system', { labels: {} });
    const { gone, left } = goes(whole, { found: [home, theirs, job], inside: [crowd] });
    expect(gone).toEqual(['Job tuf-system/createtuf', 'Secret tuf-system/tuf-keys']);
    expect(left).toContain('ConfigMap tuf-system/settings, which was made anew by others since');
  });
});

describe('the file of a record', () => {
  it('is read as it was written, and refused where it is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigstand-record-'));
    const path = join(folder, 'made.json');
    const made = noted(undefined, wanted, nothing);
    expect(recordAt(path)).toBeUndefined();
    await writeRecord(path, made);
    expect(recordAt(path)).toEqual(JSON.parse(JSON.stringify(made)));
    expect(readdirSync(folder)).toEqual(['made.json']);
    for (const text of [
      '',
      '{}',
      '{"objects":[{}],"before":[]}',
      '{"objects":[null],"before":[]}',
    ]) {
      writeFileSync(path, text);
      expect(() => recordAt(path)).toThrow('is no record of what sigstand up made');
    }
    rmSync(folder, { recursive: true });
  });

  it('takes the place of nothing else, such as a pipe, and is not waited for there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigstand-record-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const refusal = '--record names something that is no file';
    expect(() => recordAt(pipe)).toThrow(refusal);
    await expect(writeRecord(pipe, noted(undefined, wanted, nothing))).rejects.toThrow(refusal);
    expect(readdirSync(folder)).toEqual(['pipe']);
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    rmSync(folder, { recursive: true });
  });
});
