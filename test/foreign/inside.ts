// Runs in the cluster's network: an issuer, and ports of 127.0.0.1 behind which servers of the cluster answer, as suites
// expect them. Arguments: the issuer's URL, then PORT=HOST:PORT each. Ends with its standard input.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { splice } from '../cluster/splice.ts';
import { issuer } from './issuer.ts';

process.stdin.resume().once('end', () => process.exit());

const [url = '', ...forwards] = process.argv.slice(2);
// On every address: Fulcio asks for its keys from a Pod.
await once(createHttpServer(issuer(url)).listen(Number(new URL(url).port)), 'listening');
for (const forward of forwards) {
  const [from, host, to] = forward.split(/[=:]/);
  const server = createServer({ allowHalfOpen: true }, (client) => {
    splice(client, connect({ host: host ?? '', port: Number(to), allowHalfOpen: true }));
  });
  await once(server.listen(Number(from), '127.0.0.1'), 'listening');
}
process.stdout.write('listening\n');
