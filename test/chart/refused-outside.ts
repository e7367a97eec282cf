import type { Refused } from './refused.ts';

const long = (letters: number) => 'x'.repeat(letters);
const hosts = (host: unknown) => ({ outside: { hosts: { rekor: host } } });
const domain = 'sigstore.example.com';
/** Led out by an Ingress whose certificate is known, and what else is said of outside. */
const ingress = (own: object = {}, rest: object = {}) => ({
  outside: { domain, tls: { elsewhere: true }, ...rest, ingress: { enabled: true, ...own } },
});
const gateway = (own: object = {}, rest: object = {}) => ({
  outside: { domain, ...rest, gateway: { enabled: true, parentRefs: [{ name: 'web' }], ...own } },
});

/** Ways in that cannot be. */
export const outside: readonly Refused[] = [
  [{ outside: { Domain: domain } }, '/outside', /'Domain' not allowed/],
  [{ outside: { domain: 'https://example.com' } }, '/outside/domain', /pattern/],
  [{ outside: { domain: 'example.com.' } }, '/outside/domain', /pattern/],
  [{ outside: { domain: '*.example.com' } }, '/outside/domain', /pattern/],
  [
    { outside: { domain: `${`${long(60)}.`.repeat(4)}com` } },
    '/outside/domain',
    /maxLength: got 247, want 246/,
  ],
  [hosts('https://rekor.example.com'), '/outside/hosts/rekor', /pattern/],
  [hosts('rekor.example.com:443'), '/outside/hosts/rekor', /pattern/],
  [hosts('rekor.example.com/api'), '/outside/hosts/rekor', /pattern/],
  [hosts('Rekor.example.com'), '/outside/hosts/rekor', /pattern/],
  [hosts('rekor_1.example.com'), '/outside/hosts/rekor', /pattern/],
  [hosts('rekor'), '/outside/hosts/rekor', /pattern/],
  [hosts('192.0.2.1'), '/outside/hosts/rekor', /pattern/],
  [hosts(['rekor.example.com']), '/outside/hosts/rekor', /want string/],
  [hosts('rekor.rekor-system.svc'), '/outside/hosts/rekor', /a name within the cluster/],
  [
    { cluster: { domain: 'corp.example' }, outside: { domain: 'rekor-system.svc.corp.example' } },
    '/outside/domain',
    /a name within the cluster/,
  ],
  [{ outside: { hosts: { dex: 'dex.example.com' } } }, '/outside/hosts', /'dex' not allowed/],
  [{ outside: { scheme: 'ftp' } }, '/outside/scheme', /must be one of/],
  [
    { outside: { ingress: { enabled: true } } },
    '/outside/ingress/enabled',
    /no service has a host/,
  ],
  [
    { outside: { gateway: { enabled: true, parentRefs: [{ name: 'web' }] } } },
    '/outside/gateway/enabled',
    /no service has a host/,
  ],
  [ingress({}, gateway().outside), '/outside/gateway/enabled', /two ways/],
  [gateway({ parentRefs: [] }), '/outside/gateway/parentRefs', /names no Gateway/],
  [gateway({ parentRefs: [{ namespace: 'web' }] }), '/outside/gateway/parentRefs/0', /'name'/],
  [gateway({ parentRefs: ['web'] }), '/outside/gateway/parentRefs/0', /want object/],
  [
    gateway({ parentRefs: [{ name: 'web', port: 70000 }] }),
    '/outside/gateway/parentRefs/0/port',
    /maximum/,
  ],
  [
    gateway({ filtersFor: { rekor: [{ kind: 'Middleware', name: 'limit' }] } }),
    '/outside/gateway/filtersFor/rekor/0',
    /'group'/,
  ],
  [
    gateway(
      { filtersFor: { tsa: [{ group: 'a.b', kind: 'C', name: 'd' }] } },
      {
        domain: '',
        hosts: { rekor: 'rekor.example.com' },
      },
    ),
    '/outside/gateway/filtersFor/tsa',
    /tsa has no host name/,
  ],
  [
    { outside: { domain, gateway: { parentRefs: [{ name: 'web' }] } } },
    '/outside/gateway/parentRefs',
    /while \/outside\/gateway\/enabled is false/,
  ],
  [{ outside: { ingress: { exact: 'no' } } }, '/outside/ingress/exact', /want boolean/],
  [
    { outside: { domain, ingress: { className: 'nginx' } } },
    '/outside/ingress/className',
    /while \/outside\/ingress\/enabled is false/,
  ],
  [ingress({ className: 'Nginx' }), '/outside/ingress/className', /pattern/],
  [ingress({ annotations: { a: 1 } }), '/outside/ingress/annotations/a', /want string/],
  [ingress({ annotations: { 'a b': '1' } }), '/outside/ingress/annotations', /'a b' not allowed/],
  [
    ingress({ annotationsFor: { dex: { a: '1' } } }),
    '/outside/ingress/annotationsFor',
    /'dex' not allowed/,
  ],
  [
    ingress(
      { annotationsFor: { fulcioGrpc: { a: '1' } } },
      { domain: '', hosts: { rekor: 'rekor.example.com' } },
    ),
    '/outside/ingress/annotationsFor/fulcioGrpc',
    /fulcio has no host name/,
  ],
  [ingress({}, { tls: {} }), '/outside/tls/secretName', /clients are told https/],
  [
    ingress({}, { tls: { secretName: 'a', clusterIssuer: 'b' } }),
    '/outside/tls/clusterIssuer',
    /beside \/outside\/tls\/secretName/,
  ],
  [
    ingress({}, { scheme: 'http', tls: { secretName: 'a' } }),
    '/outside/tls/secretName',
    /while \/outside\/scheme is http/,
  ],
  [gateway({}, { tls: { secretName: 'a' } }), '/outside/tls/secretName', /the Gateway's/],
  [ingress({}, { tls: { secretName: 'a.PEM' } }), '/outside/tls/secretName', /pattern/],
  [
    { outside: { controller: { labels: { app: 'traefik' } } } },
    '/outside/controller/labels',
    /beside \/outside\/controller\/namespace/,
  ],
  [
    { outside: { controller: { namespace: 'ingress nginx' } } },
    '/outside/controller/namespace',
    /pattern/,
  ],
];
