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

/** The URL that timestamps are asked from; clients send their request to it as it stands. */
export function timestampUrl(tsa: string): string {
  return tsa.endsWith(timestampPath) ? tsa : `${tsa}${timestampPath}`;
}

const timestampPath = '/api/v1/timestamp';
