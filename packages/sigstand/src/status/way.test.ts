import { connect, createServer } from 'node:net';
import { JobError } from '@sigstand/job/errors';
import { describe, expect, it } from 'vitest';
import { standIn } from '../testing.ts';
import { openFront } from './front.ts';
import { heard, serviceOf, wayBy } from './way.ts';

describe('a URL', () => {
  it.each([
    ['http://rekor.rekor-system.svc', { namespace: 'rekor-system', name: 'rekor', port: 80 }],
    ['http://a.b.svc.cluster.local:8080/x', { namespace: 'b', name: 'a', port: 8080 }],
    ['https://rekor.rekor-system.svc', undefined],
    ['http://rekor.example.com', undefined],
    ['http://rekor.rekor-system.svc.example.com', undefined],
  ])('means a Service or not: %s', (url, service) => {
    expect(serviceOf(new URL(url))).toEqual(service);
  });
});

describe('a way', () => {
  it('leads a Service through the connection that is opened for it, and all else straight', async () => {
    const there = await standIn(({ method, url, body }) => ({ body: `${method} ${url} ${body}` }));
    const opened: string[] = [];
    const way = wayBy({
      timeout: 5_000,
      connect: async ({ name }) => {
        opened.push(name);
        return connect(Number(new URL(there.url).port), '127.0.0.1');
      },
    });
    const asked = {
      url: 'http://tsa.tsa-system.svc/x?y=z',
      method: 'POST',
      type: 'a/b',
      body: 'c',
    };
    expect(`${await heard(way, asked as never)}`).toBe('POST /x?y=z c');
    expect(`${await heard(way, { url: there.url })}`).toBe('GET / ');
    expect(opened).toEqual(['tsa']);
    there.close();
  });

  it('through the API server is taken again where it was cut, but not to do something twice', async () => {
    const cut = createServer((socket) => socket.destroy());
    await new Promise<void>((listening) => cut.listen(0, '127.0.0.1', listening));
    const there = await standIn(() => ({ body: 'here' }));
    const ports = () => [(cut.address() as { port: number }).port, Number(new URL(there.url).port)];
    let left = ports();
    const way = wayBy({
      timeout: 5_000,
      connect: async () => connect(left.shift() ?? 9, '127.0.0.1'),
    });
    const url = 'http://tsa.tsa-system.svc';
    expect(`${await heard(way, { url })}`).toBe('here');
    left = ports();
    const posted = await heard(way, { url, method: 'POST', type: 'a/b', body: 'c' });
    expect(posted).toMatchObject({ failure: 'unavailable' });
    left = [...ports().slice(0, 1), ...ports().slice(0, 1), ...ports()];
    expect(await heard(way, { url })).toMatchObject({
      message: 'http://tsa.tsa-system.svc does not answer (ECONNRESET)',
    });
    cut.close();
    there.close();
  });

  it('says who does not answer, and who answers with what', async () => {
    const there = await standIn(() => ({ status: 503, body: 'down' }));
    const way = wayBy({ timeout: 5_000 });
    const said = async (url: string) => {
      const answer = await heard(way, { url });
      return answer instanceof JobError && [answer.failure, answer.message];
    };
    expect(await said(there.url)).toEqual(['unavailable', `${there.url} answers 503`]);
    expect(await said('http://127.0.0.1:9')).toEqual([
      'unavailable',
      'http://127.0.0.1:9 does not answer (ECONNREFUSED)',
    ]);
    there.close();
  });

  it('does not wait for one that is silent', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as { port: number };
    const way = wayBy({ timeout: 200 });
    const answer = await heard(way, { url: `http://127.0.0.1:${port}` });
    expect(answer).toMatchObject({ message: expect.stringContaining('(no answer in time)') });
    silent.close();
  });
});

describe('a front', () => {
  it('stands for a URL, with its path, and says where nobody answers', async () => {
    const there = await standIn(({ method, url, body }) => ({
      status: 201,
      body: `${method} ${url} ${body}`,
    }));
    const front = await openFront(wayBy({ timeout: 5_000 }));
    const url = front.url(`${there.url}/api/v1`);
    const answer = await fetch(`${url}/entries`, { method: 'POST', body: 'x' });
    expect([answer.status, await answer.text()]).toEqual([201, 'POST /api/v1/entries x']);
    const nobody = await fetch(front.url('http://127.0.0.1:9'));
    expect([nobody.status, await nobody.json()]).toEqual([
      502,
      { message: 'http://127.0.0.1:9 does not answer (ECONNREFUSED)' },
    ]);
    front.close();
    there.close();
  });
});
