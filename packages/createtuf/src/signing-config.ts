import { utf8 } from '@sigstand/pki/pem';
import { type Service, ServiceSelector, SigningConfig } from '@sigstore/protobuf-specs';
import { type Addresses, timestampUrl } from './addresses.ts';
import type { Material } from './material.ts';

const mediaType = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

/** signing_config.v0.2.json: where a client that signs finds the services that there are. */
export function signingConfigJson(
  { fulcio, rekor, tsa }: Material,
  addresses: Addresses,
  start: Date,
): Uint8Array {
  const { operator } = addresses;
  const services = (urls: readonly string[]): Service[] =>
    urls.map((url, index) => ({
      url,
      // Of one operator's services a client takes one: in Go the newest, elsewhere the first. So that
      // all of them take the first, each begins a second before the one that stands before it.
      validFor: { start: new Date(start.getTime() - index * 1_000) },
      // Fulcio, Rekor with Trillian below it, and the TSA all speak version 1 of their API.
      majorApiVersion: 1,
      operator,
    }));
  // Each URL leads to the same service; ANY takes no count. It stands there also where there is none: sigstore-java reads no
  // document that leaves one of the two out.
  const any = { selector: ServiceSelector.ANY, count: 0 };
  const config = SigningConfig.toJSON({
    mediaType,
    caUrls: fulcio ? services(addresses.fulcio) : [],
    oidcUrls: fulcio ? services(addresses.oidcIssuer) : [],
    rekorTlogUrls: rekor ? services(addresses.rekor) : [],
    rekorTlogConfig: any,
    tsaUrls: tsa ? services(addresses.tsa.map(timestampUrl)) : [],
    tsaConfig: any,
  });
  return utf8(`${JSON.stringify(config, null, 1)}\n`);
}
