// Runs in the cluster's network and listens on a Unix socket, which no network namespace hides: the first
// line of a connection names host and port, all that follows goes there. Ends with its standard input.
import { connect, createServer } from 'node:net';
import { splice } from './splice.ts';

process.stdin.resume().once('end', () => process.exit());

createServer({ allowHalfOpen: true }, (client) => {
  let head = '';
  const onData = (chunk: Buffer) => {
    head += chunk.toString('latin1');
    const end = head.indexOf('\n');
    if (end < 0) return;
    client.off('data', onData).pause();
    const [host, port] = head.slice(0, end).split(' ');
    const server = connect({ host: host ?? '', port: Number(port), allowHalfOpen: true });
    server.write(Buffer.from(head.slice(end + 1), 'latin1'));
    splice(client, server);
  };
  client.on('data', onData).on('error', () => {});
}).listen(process.argv[2], () => process.stdout.write('listening\n'));
