import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { overHttp } from './fulcio.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (url: string) => overHttp.chains(url, new AbortController().signal);
const texts = (answer: Awaited<ReturnType<typeof ask>>) =>
  'notYet' in answer ? answer : answer.map((chain) => Buffer.from(chain).toString());

describe("Fulcio's API", () => {
  it('gives each chain of the trust bundle', async () => {
    const url = await serve((request, response) => {
      expect(request.url).toBe('/api/v2/trustBundle');
      response.end(
        JSON.stringify({ chains: [{ certificates: ['A', 'B'] }, { certificates: ['C'] }] }),
      );
    });
    expect(texts(await ask(url))).toEqual(['A\nB', 'C']);
  });

  it('gives the one chain of a version without trust bundle, below the path of the URL', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/fulcio/api/v1/rootCert') response.end('PEM');
      else response.writeHead(404).end();
    });
    expect(texts(await ask(`${url}/fulcio`))).toEqual(['PEM']);
  });

  it.each([500, 503, 429])('says that %i may pass', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end('hunter2'));
    expect(await ask(url)).toEqual({ notYet: `HTTP ${status}` });
  });

  it('says that a refused connection may pass', async () => {
    expect(await ask('http://127.0.0.1:1')).toMatchObject({
      notYet: expect.stringMatching(/^E|bad port|Error/),
    });
  });

  it('says that a connection cut in the middle may pass', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 50);
    });
    expect(await ask(url)).toHaveProperty('notYet');
  });

  it.each([
    ['HTML', '<html>hunter2</html>'],
    ['nothing', ''],
    ['other JSON', '{"hunter2":1}'],
    ['no chains', '{"chains":[]}'],
    ['chains that are not text', '{"chains":[{"certificates":[1]}]}'],
    ['null', 'null'],
  ])('refuses %s, names the URL and quotes nothing', async (_what, body) => {
    const url = await serve((_request, response) => response.end(body));
    const refused = ask(url);
    await expect(refused).rejects.toMatchObject({ failure: 'data' });
    await expect(refused).rejects.toThrow(`${url}/api/v2/trustBundle is not Fulcio's API`);
    await expect(refused).rejects.not.toThrow('hunter2');
  });

  it.each([302, 308])('follows no redirect (%i)', async (status) => {
    const url = await serve((_request, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
    );
    await expect(ask(url)).rejects.toThrow(`it answers ${status}, a redirect`);
  });

  it('refuses an answer without end', async () => {
    const url = await serve((_request, response) => {
      const more = () => response.write('x'.repeat(65_536)) && setImmediate(more);
      response.on('drain', more).on('error', () => {});
      more();
    });
    await expect(ask(url)).rejects.toThrow('more than 262144 bytes');
  });

  it('refuses a server that knows neither path', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end());
    await expect(ask(url)).rejects.toMatchObject({ failure: 'data' });
  });

  it('ends with the process that is told to stop', async () => {
    const url = await serve(() => {});
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await expect(overHttp.chains(url, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
