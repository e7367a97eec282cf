/** Where clients reach the services, and who runs them. */
export interface Addresses {
  readonly fulcio: string;
  readonly rekor: string;
  /** With the log's prefix. */
  readonly ctlog: string;
  readonly tsa: string;
  readonly oidcIssuer: string;
  readonly operator: string;
}

/** The URL that timestamps are asked from; clients send their request to it as it stands. */
export function timestampUrl({ tsa }: Pick<Addresses, 'tsa'>): string {
  return tsa.endsWith(timestampPath) ? tsa : `${tsa}${timestampPath}`;
}

const timestampPath = '/api/v1/timestamp';
