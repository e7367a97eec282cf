import type { Admission } from './admission.ts';
import type { Trust } from './trust.ts';

/**
 * What podman, CRI-O and skopeo are given: a policy that takes images whose names begin so if that signer signed them, and
 * where signatures lie. All that it names is in it. None where there is no Fulcio or Rekor, or where the signer is no
 * email address: they know no other subject of a certificate.
 */
export function containersFiles(
  { keys, services }: Trust,
  { images, signer }: Admission,
): Record<string, string> {
  const { fulcio, rekor } = keys;
  if (!fulcio || !rekor || !services.issuer || !/^[^\s@/]+@[^\s@/]+$/.test(signer)) return {};
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const signed = {
    type: 'sigstoreSigned',
    fulcio: { caData: base64(fulcio), oidcIssuer: services.issuer, subjectEmail: signer },
    rekorPublicKeyData: base64(rekor),
    signedIdentity: { type: 'matchRepository' },
  };
  const policy = {
    // As a machine has it by itself; what other images must have is its owner's.
    default: [{ type: 'insecureAcceptAnything' }],
    transports: { docker: { [images]: [signed] } },
  };
  // JSON is YAML.
  const places = { docker: { [images]: { 'use-sigstore-attachments': true } } };
  return {
    'containers-policy.json': `${JSON.stringify(policy, null, 1)}\n`,
    'containers-registries.yaml': `${JSON.stringify(places, null, 1)}\n`,
  };
}
