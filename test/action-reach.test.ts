import { describe, expect, it } from 'vitest';
import { part } from './action/part.ts';

/* How the job gets to the services, by programs that stand in: neither kind nor macOS is here. */

/** A TUF mirror that answers once the hosts file names it. */
const curl = `grep -q 'tuf.tuf-system.svc' "$FOLDER/hosts"`;
const kubectl = `case "$*" in
  *'get nodes'*) echo 172.18.0.2 ;;
  *'get service -n rekor-system rekor'*) echo 10.96.0.7 ;;
  *'get service'*) echo 10.96.0.8 ;;
esac`;
const reach = (files: Record<string, string>, programs: Record<string, string> = {}) =>
  part('reach', { programs: { curl, kubectl, ip: '', uname: 'echo Linux', ...programs }, files });

describe('the job', () => {
  it('reaches the services of a kind cluster by a route to each, under the names of Pods', () => {
    const { status, left } = reach({ hosts: '', 'out/kind': 'kind\n', 'out/cluster': 'kind\n' });
    expect(status).toBe(0);
    const routes = left.asked?.match(/^ip .*/gm);
    expect(routes).toHaveLength(6);
    for (const route of routes ?? [])
      expect(route).toMatch(/^ip route replace 10\.96\.0\.\d+\/32 via 172\.18\.0\.2$/);
    expect(left.hosts).toMatch(/^10\.96\.0\.7 rekor\.rekor-system\.svc$/m);
    expect(left.asked).not.toContain('port-forward');
  });

  it('forwards ports where there is no kind node', () => {
    const { status, left } = reach({ hosts: '', 'out/cluster': 'current\n' });
    expect(status).toBe(0);
    expect(left.asked).not.toContain('ip route');
    expect(left.hosts).toMatch(/^127\.0\.0\.\d rekor\.rekor-system\.svc$/m);
    expect(left.asked).toMatch(
      /port-forward -n fulcio-system --address 127\.0\.0\.3 service\/fulcio 80 5554$/m,
    );
  });

  it('gives each address to the loopback device first, on macOS', () => {
    const { left } = reach(
      { hosts: '', 'out/cluster': 'kind\n', 'out/kind': 'kind\n' },
      { uname: 'echo Darwin', ifconfig: '' },
    );
    expect(left.asked).toContain('ifconfig lo0 alias 127.0.0.2 up');
    expect(left.asked).not.toContain('ip route');
  });

  it('is left alone where it reaches them', () => {
    const { status, left } = reach({ hosts: '10.96.0.9 tuf.tuf-system.svc\n' });
    expect(status).toBe(0);
    expect(left.asked).toMatch(/^curl [^\n]*\n$/);
  });
});
