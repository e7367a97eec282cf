import { wholeSeconds } from '@sigstand/pki/time';
import { show } from '@sigstand/store/store';
import type { Step, StepName } from './next.ts';
import type { Made } from './record.ts';
import type { Places } from './see.ts';

/** What the steps are told with. */
export interface Telling {
  readonly places: Places;
  readonly made: Made;
  readonly keepOld: boolean;
  readonly from: string;
}

/** What a step does, in a sentence. */
export function told(step: Step, { places, made, keepOld, from }: Telling): string {
  const { kind, record, copy, ctlog, trees } = places;
  const secret = show(made.secret);
  const tree = trees ? show(trees.record) : '';
  const sentences: Record<StepName, string> = {
    tree: `${trees?.job.name} makes a new tree, and records it beside the present one in ${tree}`,
    freeze: 'createtree freezes the old tree, to which nobody writes any more',
    close: `${show(ctlog)} gets the last head that the old key signed for it; ${kind.server} starts again with that, and without that key`,
    move: `${tree} names the new tree, and the old one with its length before it`,
    make: `a new key is put into ${show(record)}, which no Pod reads`,
    announce: `its public half is put beside the present one in ${show(copy)}`,
    publish:
      'createtuf publishes both: clients trust the new key from now on, and the old one as before',
    serve: 'every web server of the repository hands that out',
    accept: `the CT log gets the new root in ${show(ctlog)}, starts again, and takes certificates of both CAs`,
    lead: `clients are given time to learn of it${step.until ? `, until ${wholeSeconds(step.until)}` : ''}`,
    keep: `the old private key is kept in ${show(record)}, too`,
    switch: trees
      ? `${secret} gets the new key and a log of it on the new tree; the old log is only read, under a path of its own`
      : `${secret} gets the new key`,
    name: `${show(made.published ?? made.secret)} gets its public half`,
    restart: `${kind.server} starts again, and signs with the new key`,
    linger: `what was begun with the old key is let be signed${step.until ? `, until ${wholeSeconds(step.until)}` : ''}`,
    settle: `${show(copy)} has the new key alone`,
    retire:
      'createtuf gives the old key its end: what it signed before verifies, and nothing later',
    tell: 'every web server of the repository hands that out',
    finish: keepOld
      ? `the old private key is moved to Secret ${made.secret.namespace}/${keptAs(made, from)}, and ${show(record)} is deleted`
      : `${show(record)} is deleted, and with it the old private key (--keep-old keeps it)`,
    withdraw: `${show(copy)} has the present key alone`,
    unpublish: 'createtuf gives the new key, which has signed nothing, an end',
    untell: 'every web server of the repository hands that out',
    forget: `${show(record)} is deleted, and with it the new key`,
  };
  return sentences[step.name];
}

/** The name of the Secret that keeps an old private key. */
export function keptAs({ secret }: Made, from: string): string {
  return `${secret.name}-before-${from.slice(0, 8)}`;
}
