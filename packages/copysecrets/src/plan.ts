import {
  copies,
  ctlogPublicKey,
  fulcioPublicKey,
  rekorPublicKey,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import { type Ref, secretIn, show } from '@sigstand/store/store';
import type { Service } from './copies.ts';

/** One source, what is taken of it, who makes it, and where it goes. */
export interface Copy {
  readonly service: Service;
  readonly source: Ref;
  readonly keys: readonly string[];
  readonly madeBy: string;
  readonly copy: Ref;
  readonly replace: boolean;
}

type Name = Readonly<Record<'namespace' | 'name', string>>;

/** What the flags say. */
interface Wanted extends Readonly<Record<`${Service}Secret`, Name>> {
  readonly namespace: string;
  readonly copyPrefix: string;
  readonly replace: boolean;
}

/**
 * The four copies.
 *
 * @throws {JobError} usage, where a source is in the copies' namespace, under the name of its copy.
 */
export function plan({ namespace, copyPrefix, replace, ...options }: Wanted): readonly Copy[] {
  const one = (
    service: Service,
    from: { madeBy: string },
    to: { name: string; keys: readonly string[] },
  ) => {
    const { namespace: elsewhere, name } = options[`${service}Secret`];
    const source = secretIn(elsewhere, name);
    const copy = secretIn(namespace, `${copyPrefix}${to.name}`);
    refuseOntoItself(source, copy);
    return { service, source, keys: to.keys, madeBy: from.madeBy, copy, replace };
  };
  return [
    one('fulcio', fulcioPublicKey, copies.fulcio),
    one('ctlog', ctlogPublicKey, copies.ctlog),
    one('rekor', rekorPublicKey, copies.rekor),
    one('tsa', tsaCertChain, copies.tsa),
  ];
}

function refuseOntoItself(source: Ref, copy: Ref): void {
  if (show(source) !== show(copy)) return;
  throw new JobError('usage', `${show(source)} would be its own copy`, {
    hint: 'in one namespace copies need names of their own: give --copy-prefix',
  });
}
