// git-server.ts FOLDER ADDRESS PORT: serves the repositories in FOLDER by git's own program, to whoever reads; ends with its
// standard input
import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';

const [folder, address, port] = process.argv.slice(2) as [string, string, string];

const server = createServer((request, response) => {
  const { pathname, search } = new URL(request.url ?? '/', 'http://a');
  const { headers, method = 'GET' } = request;
  const env = {
    ...{ PATH: process.env.PATH, GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1' },
    ...{ PATH_INFO: pathname, QUERY_STRING: search.slice(1), REQUEST_METHOD: method },
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
  };
  const git = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  request.pipe(git.stdin);
  const chunks: Buffer[] = [];
  git.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  git.once('close', () => answer(response, Buffer.concat(chunks)));
});
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
process.stdin.resume().once('end', () => process.exit());

/** What a program says by CGI (RFC 3875, section 6): fields, an empty line, and the body. */
function answer(response: ServerResponse, said: Buffer): void {
  const end = said.indexOf('\r\n\r\n');
  for (const line of said.subarray(0, end).toString().split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+): *(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(said.subarray(end + 4));
}
