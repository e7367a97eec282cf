import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { publishedDocument } from './published-document.ts';
import type { Repository } from './repository.ts';

/**
 * What a revision changes of where clients reach the services, a line each, with the old address and the new
 * one; of a first repository, all that it tells. Nothing else in a log shows that a run was told other addresses.
 */
export function changedAddresses(before: Repository | undefined, after: Repository): string[] {
  const [old, now] = [before ? addressesIn(before) : new Map(), addressesIn(after)];
  return services.flatMap((service) => {
    const [was, is] = [old.get(service) ?? '', now.get(service) ?? ''];
    if (was === is) return [];
    if (is === '') return [`clients are no longer sent to ${service}, at ${was}`];
    return [`clients are sent to ${service} at ${is}${was ? `, no longer at ${was}` : ''}`];
  });
}

const services = ['Fulcio', 'Rekor', 'the CT log', 'the TSA', 'the OIDC issuer'] as const;

function addressesIn(repository: Repository): Map<string, string> {
  const config = publishedDocument(repository, 'signing_config.v0.2.json', SigningConfig.fromJSON);
  const root = publishedDocument(repository, 'trusted_root.json', TrustedRoot.fromJSON);
  const current = root?.ctlogs.filter(({ publicKey }) => !publicKey?.validFor?.end) ?? [];
  const urls = (all: readonly { url: string }[] = []) => all.map(({ url }) => url).join(' and ');
  return new Map<(typeof services)[number], string>([
    ['Fulcio', urls(config?.caUrls)],
    ['Rekor', urls(config?.rekorTlogUrls)],
    // Who signs never speaks to it, so it is not in the configuration for signing.
    ['the CT log', current.map(({ baseUrl }) => baseUrl).join(' and ')],
    ['the TSA', urls(config?.tsaUrls)],
    ['the OIDC issuer', urls(config?.oidcUrls)],
  ]);
}
