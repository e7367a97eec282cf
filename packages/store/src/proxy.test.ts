import { describe, expect, it } from 'vitest';
import { proxyFor } from './proxy.ts';

const through = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env);
const proxy = 'http://proxy:3128';

describe('the proxy that the environment names', () => {
  it.each([
    ['https://api:6443', { HTTPS_PROXY: proxy }, proxy],
    ['https://api:6443', { https_proxy: proxy }, proxy],
    ['https://api:6443', { HTTPS_PROXY: '', https_proxy: proxy }, proxy],
    ['https://api:6443', { HTTPS_PROXY: proxy, https_proxy: 'http://other' }, proxy],
    ['https://api:6443', { HTTP_PROXY: proxy }, undefined],
    ['http://api:8080', { HTTP_PROXY: proxy }, proxy],
    ['http://api:8080', { HTTPS_PROXY: proxy }, undefined],
    ['https://api:6443', { HTTPS_PROXY: 'proxy:3128' }, proxy],
    ['https://api:6443', { HTTPS_PROXY: 'socks5://proxy' }, 'socks5://proxy'],
    ['https://api:6443', {}, undefined],
  ])('is read for %s from %j', (url, env, expected) => {
    expect(through(url, env)).toBe(expected);
  });

  it.each([
    'https://localhost:6443',
    'https://127.0.0.1',
    'https://127.8.9.10',
    'https://[::1]:6443',
  ])('is not taken to this machine itself: %s', (url) => {
    expect(through(url, { HTTPS_PROXY: proxy })).toBeUndefined();
  });

  it.each([
    ['*', 'https://api.example.com'],
    ['example.com', 'https://example.com'],
    ['example.com', 'https://api.example.com'],
    ['EXAMPLE.com', 'https://api.example.com'],
    ['.example.com', 'https://api.example.com'],
    ['*.example.com', 'https://api.example.com'],
    ['a.test, example.com ,b.test', 'https://api.example.com'],
    ['example.com:6443', 'https://api.example.com:6443'],
    ['example.com:443', 'https://api.example.com'],
    ['10.1.2.3', 'https://10.1.2.3:6443'],
    ['10.1.2.3:6443', 'https://10.1.2.3:6443'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['fd00::/8', 'https://[fd00::1]:6443'],
    ['fd00:0::1', 'https://[fd00::1]:6443'],
    ['[fd00::1]:6443', 'https://[fd00::1]:6443'],
  ])('is left out where NO_PROXY is %s: %s', (NO_PROXY, url) => {
    expect(through(url, { HTTPS_PROXY: proxy, NO_PROXY })).toBeUndefined();
    expect(through(url, { https_proxy: proxy, no_proxy: NO_PROXY })).toBeUndefined();
  });

  it.each([
    ['', 'https://example.com'],
    [',', 'https://example.com'],
    [':6443', 'https://example.com:6443'],
    ['ample.com', 'https://example.com'],
    ['.example.com', 'https://example.com'],
    ['*.example.com', 'https://example.com'],
    ['api.example.com', 'https://example.com'],
    ['example.com:443', 'https://example.com:6443'],
    ['10.1.2.3:443', 'https://10.1.2.3:6443'],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.0/33', 'https://10.1.2.3'],
    ['10.0.0.0/', 'https://10.1.2.3'],
    ['10.0.0.0/8', 'https://ten.example.com'],
    ['fd00::/8', 'https://10.1.2.3'],
    ['[fd00::1]:443', 'https://[fd00::1]:6443'],
  ])('is taken all the same where NO_PROXY is %s: %s', (NO_PROXY, url) => {
    expect(through(url, { HTTPS_PROXY: proxy, NO_PROXY })).toBe(proxy);
  });
});
