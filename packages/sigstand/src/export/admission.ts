import { JobError } from '@sigstand/job/errors';
import { containersFiles } from './containers.ts';
import { textsIn } from './texts.ts';
import type { Trust } from './trust.ts';

/** Which images a cluster is to run, and whose signature they must have. */
export interface Admission {
  /** The part that their names have in common, up to a `/`: a registry, or a repository in it. */
  readonly images: string;
  /** The subject of the signer's certificate. */
  readonly signer: string;
}

/**
 * What each admission controller is given beside its own installation, as files named after both: always what
 * it is to trust, and where images and a signer are named, the policies.
 *
 * @throws {JobError} data, where the stack lacks what a policy asks for.
 */
export function admissionFiles(
  trust: Trust,
  mirror: string,
  admission?: Admission,
): Record<string, string> {
  const values = { ...valuesOf(trust, mirror), ...(admission && policyValues(trust, admission)) };
  const made: Record<string, string> = {};
  for (const controller of ['policy-controller', 'kyverno']) {
    for (const [file, template] of Object.entries(textsIn(controller))) {
      // What no image could meet.
      if (file === 'timestamp.yaml' && values.tsaPem === undefined) continue;
      const text = filled(template, values);
      if (text !== undefined) made[`${controller}-${file}`] = text;
    }
  }
  return { ...made, ...(admission && containersFiles(trust, admission)) };
}

type Values = Readonly<Record<string, string | undefined>>;

function valuesOf({ root, repository, keys }: Trust, mirror: string) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const text = (bytes?: Uint8Array) => bytes && Buffer.from(bytes).toString();
  return {
    mirror,
    root: base64(root),
    repository: base64(repository),
    tufMirrorFlag: `--tufMirror=${mirror}`,
    tufRootFlag: `--tufRootRaw=${base64(root)}`,
    fulcioPem: text(keys.fulcio),
    rekorPem: text(keys.rekor),
    ctlogPem: text(keys.ctlog),
    tsaPem: text(keys.tsa),
  };
}

function policyValues({ services }: Trust, { images, signer }: Admission) {
  const { fulcio, rekor, ctlog, issuer } = services;
  if (!fulcio || !rekor || !ctlog || !issuer) {
    throw new JobError(
      'data',
      'the stack lacks Fulcio, Rekor, the CT log or an issuer, and a policy asks for each',
      {
        hint: 'leave out --images and --signer, or name the issuer with --issuer',
      },
    );
  }
  return {
    ...{ fulcio, rekor, issuer, signer },
    everyImage: `${images}/*`,
    everyImageBelow: `${images}/**`,
    refusal: `not signed by ${signer}, as this cluster asks`,
    refusalWithoutTimestamp: `not signed by ${signer} with a timestamp, as this cluster asks`,
  };
}

/** A value is a whole scalar: JSON's strings are YAML's. Undefined where the stack has not all of them. */
function filled(template: string, values: Values): string | undefined {
  const names = [...template.matchAll(placeholder)].map(([, name = '']) => name);
  if (names.some((name) => values[name] === undefined)) return undefined;
  return template.replaceAll(placeholder, (_, name: string) => JSON.stringify(values[name]));
}

const placeholder = /\{\{(\w+)\}\}/g;
