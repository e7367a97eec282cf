import { type Service, ServiceSelector, SigningConfig } from '@sigstore/protobuf-specs';
import { type Addresses, timestampUrl } from './addresses.ts';

const mediaType = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

/** signing_config.v0.2.json: where a client that signs finds the services. */
export function signingConfigJson(addresses: Addresses, start: Date): Uint8Array {
  const { fulcio, rekor, oidcIssuer, operator } = addresses;
  const service = (url: string): Service => ({
    url,
    // Fulcio, Rekor with Trillian below it, and the TSA all speak version 1 of their API.
    majorApiVersion: 1,
    validFor: { start },
    operator,
  });
  // One of each is all there is; ANY takes no count.
  const any = { selector: ServiceSelector.ANY, count: 0 };
  const config = SigningConfig.toJSON({
    mediaType,
    caUrls: [service(fulcio)],
    oidcUrls: [service(oidcIssuer)],
    rekorTlogUrls: [service(rekor)],
    rekorTlogConfig: any,
    tsaUrls: [service(timestampUrl(addresses))],
    tsaConfig: any,
  });
  return new Uint8Array(Buffer.from(`${JSON.stringify(config, null, 1)}\n`));
}
