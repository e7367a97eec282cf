/** One at least; the first is the one that documents with room for one name. */
export type Urls = readonly [string, ...string[]];

/** Where clients reach the services, and who runs them. */
export interface Addresses {
  readonly fulcio: Urls;
  readonly rekor: Urls;
  /** With the log's prefix. */
  readonly ctlog: Urls;
  readonly tsa: Urls;
  readonly oidcIssuer: Urls;
  readonly operator: string;
}

/**
 * What a log that signs its checkpoints by a name is published as: the first URL with that host, or the
 * name itself. sigstore-java wants the two to be equal, sigstore-js to find the name in the URL.
 */
export function logUrl(hostname: string | undefined, urls: Urls): string {
  if (hostname === undefined) return urls[0];
  return (
    urls.find((url) => new URL(url).hostname === hostname) ??
    `${new URL(urls[0]).protocol}//${hostname}`
  );
}

/** The URL that timestamps are asked from; clients send their request to it as it stands. */
export function timestampUrl(tsa: string): string {
  return tsa.endsWith(timestampPath) ? tsa : `${tsa}${timestampPath}`;
}

const timestampPath = '/api/v1/timestamp';
