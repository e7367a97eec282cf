import { certificate } from './certificate.ts';

const issuers = (...list: object[]) => ({ fulcio: { issuers: list } });
const url = 'https://accounts.example.com';
const at = (index: number, field = '') => `/fulcio/issuers/${index}${field && `/${field}`}`;
const email = { url, type: 'email' };
const uri = (subjectDomain: unknown) => issuers({ url, type: 'uri', subjectDomain });
const username = (subjectDomain: string) => issuers({ url, type: 'username', subjectDomain });
const ci = (more: object) => issuers({ url, type: 'ci', ...more });

/** Certificates that are none, or are more than that. */
export const damaged = certificate.replace(/(BEGIN CERTIFICATE-----\n.{40})./, '$1*');
export const cut = certificate.replace(/\n.*\n(-----END)/, '\n$1');
export const key = ['-----BEGIN PRIVATE', 'KEY-----\nMAA=\n-----END PRIVATE', 'KEY-----\n'].join(
  ' ',
);

/** Issuers that cannot be, the path that is named, and the reason. */
export const refusedIssuers: readonly (readonly [values: object, path: string, reason: RegExp])[] =
  [
    [{ fulcio: { issuer: [] } }, '/fulcio', /'issuer' not allowed/],
    [{ fulcio: { issuers: { [url]: email } } }, '/fulcio/issuers', /want array/],
    [issuers(...new Array(51).fill(email)), '/fulcio/issuers', /maxItems: got 51, want 50/],
    [{ fulcio: { clusterIssuer: 'no' } }, '/fulcio/clusterIssuer', /want boolean/],
    [{ fulcio: { clusterIssuer: false } }, '/fulcio/clusterIssuer', /nobody could get/],
    [{ fulcio: { signIn: url } }, '/fulcio/signIn', /none of \/fulcio\/issuers/],
    [
      { fulcio: { issuers: [email], signIn: `${url}/` } },
      '/fulcio/signIn',
      /none of \/fulcio\/issuers/,
    ],
    // An issuer is its URL, letter by letter, as it stands in its tokens.
    [issuers(email, email), at(1, 'url'), /an issuer already/],
    [issuers(email, { url, type: 'kubernetes' }), at(1, 'url'), /one URL has one type/],
    [issuers({ type: 'email' }), at(0), /missing property 'url'/],
    [issuers({ url: 'http://accounts.example.com', type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: 'accounts.example.com', type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: 'https://', type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: 'https://user@example.com', type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: `${url}?tenant=1`, type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: `${url}/#realm`, type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: `${url}/a b`, type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: `${url}:0`, type: 'email' }), at(0, 'url'), /pattern/],
    [issuers({ url: `${url}:65536`, type: 'email' }), at(0, 'url'), /no port above 65535/],
    // A star would let in every tenant of a cloud.
    [
      issuers({ url: 'https://oidc.eks.*.amazonaws.com/id/*', type: 'kubernetes' }),
      at(0, 'url'),
      /pattern/,
    ],
    [
      issuers({ url: 'https://kubernetes.default.svc', type: 'kubernetes' }),
      at(0, 'url'),
      /each cluster calls itself/,
    ],
    [
      issuers({ url: 'https://kubernetes.default.svc.cluster.local', type: 'email' }),
      at(0, 'url'),
      /each cluster calls itself/,
    ],
    [issuers({ url }), at(0), /missing property 'type'/],
    [issuers({ url, type: 'oidc' }), at(0, 'type'), /must be one of 'email', 'github-actions'/],
    [issuers({ ...email, clientID: 'sigstore' }), at(0), /'clientID' not allowed/],
    [issuers({ ...email, clientId: '' }), at(0, 'clientId'), /pattern/],
    [issuers({ ...email, clientId: 'two words' }), at(0, 'clientId'), /pattern/],
    [issuers({ ...email, podPort: 0 }), at(0, 'podPort'), /minimum/],
    [issuers({ ...email, podPort: '8443' }), at(0, 'podPort'), /want integer/],
    [issuers({ ...email, issuerClaim: 'sub' }), at(0, 'issuerClaim'), /pattern/],
    [issuers({ ...email, unverified: 'yes' }), at(0, 'unverified'), /want boolean/],
    [issuers({ ...email, trustDomain: 'example.com' }), at(0), /'trustDomain' not allowed/],
    [issuers({ ...email, type: 'uri' }), at(0), /missing property 'subjectDomain'/],
    [issuers({ url, type: 'gitlab', issuerClaim: '$.a' }), at(0), /'issuerClaim' not allowed/],
    [issuers({ url, type: 'gitlab', web: 'https://gitlab.com/' }), at(0, 'web'), /pattern/],
    [issuers({ url, type: 'github-actions', web: 'github.com' }), at(0, 'web'), /pattern/],
    [issuers({ url, type: 'spiffe' }), at(0), /missing property 'trustDomain'/],
    [issuers({ url, type: 'spiffe', trustDomain: '' }), at(0, 'trustDomain'), /pattern/],
    [issuers({ url, type: 'spiffe', trustDomain: 'Example.com' }), at(0, 'trustDomain'), /pattern/],
    [
      issuers({ url, type: 'spiffe', trustDomain: 'spiffe://example.com' }),
      at(0, 'trustDomain'),
      /pattern/,
    ],
    [uri('example.com'), at(0, 'subjectDomain'), /pattern/],
    [uri('http://users.example.com'), at(0, 'subjectDomain'), /pattern/],
    [uri('https://users.example.org'), at(0, 'subjectDomain'), /its own domain alone/],
    [uri('https://example'), at(0, 'subjectDomain'), /its own domain alone/],
    [username('https://example.com'), at(0, 'subjectDomain'), /pattern/],
    [username('example.org'), at(0, 'subjectDomain'), /its own domain alone/],
    [issuers({ url, type: 'username' }), at(0), /missing property 'subjectDomain'/],
    // Fulcio would take it, and refuse each of its tokens.
    [ci({}), at(0), /missing property 'subject'/],
    [ci({ subject: '' }), at(0, 'subject'), /pattern/],
    [ci({ subject: ' ' }), at(0, 'subject'), /pattern/],
    [ci({ subject: '{{ .job' }), at(0, 'subject'), /pattern/],
    [ci({ subject: '{{ .job | upper }}' }), at(0, 'subject'), /pattern/],
    [ci({ subject: 'job', extensions: { Trigger: 'x' } }), at(0, 'extensions'), /'Trigger' not/],
    [
      ci({ subject: 'job', extensions: { 'build-trigger': '{{ end }}' } }),
      at(0, 'extensions/build-trigger'),
      /pattern/,
    ],
    [ci({ subject: 'job', defaults: { run: 1 } }), at(0, 'defaults/run'), /want string/],
    [ci({ subject: 'job', defaults: { 'a b': '' } }), at(0, 'defaults'), /'a b' not allowed/],
    [issuers({ ...email, ca: 'ca.pem' }), at(0, 'ca'), /pattern/],
    [issuers({ ...email, ca: damaged }), at(0, 'ca'), /unable to decode certificate/],
    [issuers({ ...email, ca: certificate + cut }), at(0, 'ca'), /x509: malformed/],
    [issuers({ ...email, ca: certificate + key }), at(0, 'ca'), /else than certificates/],
    [issuers({ ...email, ca: certificate.slice(0, -9) }), at(0, 'ca'), /else than certificates/],
  ];
