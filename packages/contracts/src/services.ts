/** In-cluster addresses of the services of a stack that was not renamed; port 80 where none is named. */
export const services = {
  trillian: 'log-server.trillian-system.svc:80',
  rekor: 'http://rekor.rekor-system.svc',
  fulcio: 'http://fulcio.fulcio-system.svc',
  ctlog: 'http://ctlog.ctlog-system.svc',
  tsa: 'http://tsa.tsa-system.svc',
  tuf: 'http://tuf.tuf-system.svc',
} as const;

/**
 * The name that Rekor signs its checkpoints with, where nobody chose another. It names the log, not the
 * way there: clients hold it against the log's `baseUrl`, wherever they reach Rekor.
 */
export const rekorHostname = 'rekor.rekor-system.svc';

/** Where the TUF web server of a namespace is: its Service has the same name in every stack. */
export function tufServer(namespace: string): string {
  return `http://tuf.${namespace}.svc`;
}

/** The path under which the CT log serves RFC 6962, and the last part of its URL. */
export const ctlogPrefix = 'sigstorescaffolding';

/** Where ct_server finds the Secret `ctlog-secrets`, whose `config` names files by this path. */
export const ctlogMount = '/ctfe-keys';

/** The issuer of service account tokens on a cluster with Kubernetes' own defaults. */
export const clusterIssuer = 'https://kubernetes.default.svc';
