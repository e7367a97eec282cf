import { wholeSeconds } from '@sigstand/pki/time';
import type { CertificateAuthority } from '@sigstore/protobuf-specs';
import { type Finding, fail, ok, warn } from './finding.ts';
import { certificateName, chainOf, covers, short, type Trust } from './trust.ts';

/** When the certificates end by which what is signed now is verified. */
export function judgeCertificates(
  { root, config }: Pick<Trust, 'root' | 'config'>,
  { now, soon }: { now: Date; soon: number },
): Finding[] {
  const wanted = { fulcio: config.caUrls.length > 0, tsa: config.tsaUrls.length > 0 };
  return [
    ...authorities('fulcio', root.certificateAuthorities, wanted.fulcio),
    ...authorities('tsa', root.timestampAuthorities, wanted.tsa),
  ];

  function authorities(
    of: 'fulcio' | 'tsa',
    all: readonly CertificateAuthority[],
    needed: boolean,
  ): Finding[] {
    const trusted = all.filter(({ validFor }) => covers(validFor, now));
    if (trusted.length === 0 && needed) return [nobody(of, all)];
    return trusted.map((one) => end(of, one));
  }

  function nobody(of: 'fulcio' | 'tsa', all: readonly CertificateAuthority[]): Finding {
    const told = { check: 'certificates', subject: of };
    const begins = all.flatMap(({ validFor }) => validFor?.start ?? []);
    const [first] = begins.filter((start) => start > now).sort((a, b) => Number(a) - Number(b));
    if (first) {
      return fail('data', {
        ...told,
        says: `clients trust no chain of it before ${wholeSeconds(first)}, and the clock here says ${wholeSeconds(now)}`,
        todo: 'set the clock here by the network; if it is right, see which chain createtuf has published',
      });
    }
    const ends = all.flatMap(({ validFor }) => validFor?.end ?? []).map((date) => date.getTime());
    const since = ends.length > 0 ? `, since ${wholeSeconds(new Date(Math.max(...ends)))}` : '';
    return fail('data', {
      ...told,
      says: `clients trust no chain of it now${since}: nothing new can be verified`,
      todo: 'give the service a new chain, and clients with it: docs/rotation.md',
    });
  }

  function end(of: 'fulcio' | 'tsa', authority: CertificateAuthority): Finding {
    const chain = chainOf(authority);
    const [first] = [...chain].sort((a, b) => ending(a).getTime() - ending(b).getTime());
    const told = { check: 'certificates', subject: of };
    if (first === undefined) {
      const todo = 'see what createtuf published';
      return fail('data', {
        ...told,
        says: 'the trust root has a chain without certificates',
        todo,
      });
    }
    const name = `${short(certificateName(first))} of ${chain.length}`;
    const todo = 'give the service a new chain before that day: docs/rotation.md';
    const left = ending(first).getTime() - now.getTime();
    const says = `certificate ${name} ends at ${wholeSeconds(ending(first))}`;
    if (left <= 0) return fail('data', { ...told, says: says.replace('ends', 'ended'), todo });
    return left < soon ? warn({ ...told, says: `${says}, soon`, todo }) : ok({ ...told, says });
  }
}

function ending({ validTo }: { validTo: string }): Date {
  return new Date(validTo);
}
