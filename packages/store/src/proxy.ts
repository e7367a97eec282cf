import { BlockList, isIP, isIPv6 } from 'node:net';

/** The variables that say which proxy a request takes; each in small letters as well. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for a URL, as Go's programs read it, kubectl among them;
 * undefined where the request goes straight.
 *
 * Source: golang.org/x/net v0.57.0, http/httpproxy/proxy.go.
 */
export function proxyFor(url: URL, env: ProxyEnvironment): string | undefined {
  const read = (name: string) => env[name] || env[name.toLowerCase()] || '';
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === '' || !goesByProxy(url, read('NO_PROXY'))) return undefined;
  const full = /^[a-z][a-z0-9+.-]*:\/\/./i.test(proxy) ? proxy : `http://${proxy}`;
  return URL.canParse(full) ? full : undefined;
}

function goesByProxy(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || covers('127.0.0.0/8', host) || host === '::1') return false;
  const entries = noProxy
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  return !entries.some((entry) => entry === '*' || matches(entry, host, port));
}

/** One entry of NO_PROXY: a range of addresses, an address or a domain, the last two with a port or without. */
function matches(entry: string, host: string, port: string): boolean {
  if (covers(entry, host)) return true;
  const [, name = entry, itsPort = ''] = isIPv6(entry)
    ? []
    : (/^\[?([^[\]]*?)\]?:(\d*)$/.exec(entry) ?? []);
  if (name === '' || (itsPort !== '' && itsPort !== port)) return false;
  if (isIP(host)) return isIP(name) !== 0 && covers(name, host);
  // example.com and its subdomains; .example.com and *.example.com: the subdomains alone.
  const domain = name.replace(/^\*(?=\.)/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : `.${host}`.endsWith(`.${domain}`);
}

/** Whether an address is in a range, or is that very address however it is written. */
function covers(range: string, host: string): boolean {
  const [base = '', bits] = range.split('/');
  const [family, itsFamily] = [isIP(base), isIP(host)];
  if (family === 0 || family !== itsFamily) return false;
  const width = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width || bits === '') return false;
  const list = new BlockList();
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  list.addSubnet(base, prefix, kind);
  return list.check(host, kind);
}
