import { describe, expect, it } from 'vitest';
import * as values from './values.ts';

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['100ms', 100],
    ['1.5s', 1_500],
    ['7d', 604_800_000],
    ['10y', 315_360_000_000],
    ['0.1ms', 1],
    ['2.3456s', 2_346],
    ['1000y', 31_536_000_000_000],
  ])('%s is understood', (text, milliseconds) => {
    expect(values.duration(text)).toBe(milliseconds);
  });

  it.each(['', '5', 'm', '-5m', '5 m', '5m!', '1e3s', '5M'])('%j is refused', (text) => {
    expect(() => values.duration(text)).toThrow('Write a duration');
  });

  it.each(['1001y', '1000000y', '999y3y'])('%s is more than a date can tell', (text) => {
    expect(() => values.duration(text)).toThrow('It must be at most 1000y');
  });

  it('is refused at once where it has no end', () => {
    const start = performance.now();
    expect(() => values.duration('1'.repeat(100_000))).toThrow('Write a shorter duration');
    expect(performance.now() - start).toBeLessThan(100);
  });
});

describe('how long one answer may take', () => {
  it.each(['0s', '1d1ms', '30d', '10y'])('is not %s, which no timer can wait', (text) => {
    expect(() => values.patience(text)).toThrow('Write 1ms to 1d');
  });

  it.each([
    ['1ms', 1],
    ['0.5ms', 1],
    ['24h', 86_400_000],
  ])('may be %s', (text, milliseconds) => {
    expect(values.patience(text)).toBe(milliseconds);
  });
});

describe('a lifetime', () => {
  it.each(['0s', '59s', '1001y'])('%s is refused', (text) => {
    expect(() => values.lifetime(text)).toThrow('It must be at');
  });
});

describe('an object’s name', () => {
  it.each(['a', 'rekor-pub-key', 'a.b-c.d0'])('%s is one', (text) => {
    expect(values.objectName(text)).toBe(text);
  });

  it.each(['', 'A', 'a_b', '-a', 'a-', 'a..b', 'a/b', 'a'.repeat(254)])('%j is none', (text) => {
    expect(() => values.objectName(text)).toThrow('Kubernetes names');
  });
});

describe('a namespace’s name', () => {
  it.each(['a', 'rekor-system', 'a'.repeat(63)])('%s is one', (text) => {
    expect(values.namespaceName(text)).toBe(text);
  });

  it.each(['', 'a.b', 'A', 'a'.repeat(64)])('%j is none', (text) => {
    expect(() => values.namespaceName(text)).toThrow();
  });
});

describe('a country', () => {
  it.each(['DE', 'de', 'USA'])('%s is one', (text) => {
    expect(values.countryCode(text)).toBe(text.toUpperCase());
  });

  it.each(['', 'D', 'EURO', '1A'])('%j is none', (text) => {
    expect(() => values.countryCode(text)).toThrow('two letters');
  });
});

describe('what names begin with', () => {
  it.each(['', 'trusted-', 'a.b-', 'x'])('%j is a beginning', (text) => {
    expect(values.namePrefix(text)).toBe(text);
  });

  it.each(['-a', 'A-', 'a_', 'a/', `${'a'.repeat(191)}`])('%j is refused', (text) => {
    expect(() => values.namePrefix(text)).toThrow();
  });
});

describe('a Secret elsewhere', () => {
  it('has a namespace and a name', () => {
    expect(values.namespacedName('ns/name')).toEqual({ namespace: 'ns', name: 'name' });
  });

  it.each(['name', '/name', 'ns/', 'a/b/c', 'n.s/name'])('%j is refused', (text) => {
    expect(() => values.namespacedName(text)).toThrow();
  });
});

describe('a service’s URL', () => {
  it('loses the slash at its end', () => {
    expect(values.serviceUrl('http://fulcio.fulcio-system.svc/')).toBe(
      'http://fulcio.fulcio-system.svc',
    );
  });

  it.each([
    'fulcio',
    'ftp://a',
    'http://',
    'http://user:pw@a',
    'http://a?b',
    'http://a?',
    'http://a#b',
    'http://a\nb',
    '',
  ])('%j is refused', (text) => {
    expect(() => values.serviceUrl(text)).toThrow();
  });
});

describe('an issuer', () => {
  it.each([
    'https://auth.example.com/application/o/sigstore/',
    'https://tenant.eu.auth0.com/',
    'https://Login.Example.com:443/a%2Fb//',
  ])('%s is kept byte by byte', (text) => {
    expect(values.issuerUrl(text)).toBe(text);
  });

  it.each(['login.example.com', 'https://a?b', 'https://a/ '])('%j is none', (text) => {
    expect(() => values.issuerUrl(text)).toThrow();
  });
});

describe('an address', () => {
  it.each(['log-server.trillian-system.svc:80', '127.0.0.1:8090', '[::1]:8090'])(
    '%s is one',
    (text) => {
      expect(values.hostPort(text)).toBe(text);
    },
  );

  it.each(['host', 'host:', 'host:0', 'host:65536', 'http://host:80', '::1:80'])(
    '%j is none',
    (text) => {
      expect(() => values.hostPort(text)).toThrow('Write HOST:PORT.');
    },
  );
});

describe('a whole number in a range', () => {
  it.each(['-1', '11', '1.5', '', 'x', '0x1'])('%j is refused', (text) => {
    expect(() => values.integer(0, 10)(text)).toThrow('from 0 to 10');
  });
});

describe('a name that goes into SQL and into a DSN as it is', () => {
  it.each(['trillian', 'T', 'a_1', 'a'.repeat(32)])('%s is one', (text) => {
    expect(values.sqlName(text)).toBe(text);
  });

  it.each(['', '1a', "a'b", 'a`b', 'a;b', 'a-b', 'a b', 'a'.repeat(33)])('%j is none', (text) => {
    expect(() => values.sqlName(text)).toThrow('Write a letter, then at most 31 letters');
  });
});
