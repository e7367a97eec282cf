import { memoryStore } from '@sigstand/store/memory';
import { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { jobCommand, refusedFlag } from './command.ts';
import { defineJob } from './main.ts';
import { inDirectory, leadsOut } from './outside.ts';
import { act } from './settings.ts';
import { runJob } from './testing.ts';
import { hostPort, several, yesNo } from './values.ts';

const command = () =>
  jobCommand('example', 'An example.', { version: '1.2.3', namespace: 'ns' })
    .addOption(
      leadsOut(
        new Option('--admin-server <host:port>', 'a server')
          .argParser(hostPort)
          .default('standard:80', inDirectory('standard:80')),
      ),
    )
    .addOption(
      leadsOut(
        new Option('--url <url>', 'an address (repeatable)')
          .argParser(several(String))
          .default(['http://standard']),
        ({ without }: { without?: string }) => without === 'url',
      ),
    )
    .option('--without <what>', 'what is absent')
    .addOption(act(new Option('--force [bool]', 'once').preset('true').argParser(yesNo)))
    .option('--shorten', 'once, too')
    .addOption(refusedFlag('--password <text>', 'it is random'));

async function run(env: Record<string, string>, ...args: string[]) {
  let seen: Record<string, unknown> = {};
  const job = defineJob(command(), async (_context, options) => {
    seen = options as never;
  });
  return { ...(await runJob(job, memoryStore(), { args, env })), seen };
}

describe('a flag that is not given', () => {
  it('is read from the variable with the Job’s name before it', async () => {
    const { status, seen } = await run({ EXAMPLE_ADMIN_SERVER: 'other:81', NAMESPACE: 'mine' });
    expect({ status, ...seen }).toMatchObject({
      status: 0,
      adminServer: 'other:81',
      namespace: 'mine',
    });
  });

  it.each([
    ['a blank', 'http://a http://b'],
    ['a comma', 'http://a,http://b'],
    ['line breaks', '\nhttp://a\n  http://b\n'],
  ])('takes several values with %s between, if it can be repeated', async (_what, text) => {
    const { seen } = await run({ EXAMPLE_URL: text });
    expect(seen.url).toEqual(['http://a', 'http://b']);
  });

  it('keeps its default where the variable is empty', async () => {
    const { seen } = await run({ EXAMPLE_ADMIN_SERVER: '', EXAMPLE_URL: '' });
    expect(seen).toMatchObject({ adminServer: 'standard:80', url: ['http://standard'] });
  });

  it('is told by its variable, and not by its value, where that is wrong', async () => {
    const { status, stderr } = await run({ EXAMPLE_ADMIN_SERVER: 'hunter2' });
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr:
        "example: error: option '--admin-server <host:port>' (env EXAMPLE_ADMIN_SERVER) has a value " +
        'that is invalid: Write HOST:PORT; see example --help\n',
    });
  });

  it('is told by its variable where that is far too long', async () => {
    const { status, stderr } = await run({ EXAMPLE_ADMIN_SERVER: 'x'.repeat(5_000) });
    expect(status).toBe(64);
    expect(stderr).toContain('the value of --admin-server has');
  });
});

describe('a flag that is given', () => {
  it.each([
    ['with =', ['--admin-server=mine:1']],
    ['with a blank', ['--admin-server', 'mine:1']],
    ['in upstream’s way', ['-admin_server=mine:1']],
  ])('%s comes before its variable, even one that is wrong', async (_how, args) => {
    const { status, seen } = await run({ EXAMPLE_ADMIN_SERVER: 'hunter2' }, ...args);
    expect({ status, adminServer: seen.adminServer }).toEqual({ status: 0, adminServer: 'mine:1' });
  });

  it('takes the place of all values of its variable', async () => {
    const { seen } = await run({ EXAMPLE_URL: 'http://a http://b' }, '--url=http://c');
    expect(seen.url).toEqual(['http://c']);
  });

  it('is not the value of another flag that looks like one', async () => {
    const { seen } = await run({ EXAMPLE_ADMIN_SERVER: 'a:1' }, '--without', '--admin-server');
    expect(seen).toMatchObject({ adminServer: 'a:1', without: '--admin-server' });
  });
});

describe('a variable with the Job’s name before it', () => {
  it.each([
    ['EXAMPLE_ADMIN_SERVR', 'EXAMPLE_ADMIN_SERVR is no setting of example'],
    ['EXAMPLE_HELP', 'EXAMPLE_HELP is no setting of example'],
    ['EXAMPLE_VERSION', 'EXAMPLE_VERSION is no setting of example'],
    ['EXAMPLE_NAMESPACE', 'EXAMPLE_NAMESPACE is no setting of example'],
    ['EXAMPLE_PASSWORD', 'EXAMPLE_PASSWORD is not taken: it is random'],
    ['EXAMPLE_FORCE', 'EXAMPLE_FORCE is not taken: it would ask for --force at every run'],
    ['EXAMPLE_SHORTEN', 'EXAMPLE_SHORTEN is not taken: it would ask for --shorten at every run'],
  ])('is refused where it is no setting: %s', async (name, text) => {
    const { status, stderr } = await run({ [name]: 'hunter2' });
    expect(status).toBe(64);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('hunter2');
  });

  it('keeps nobody from reading the help', async () => {
    const { status, stdout } = await run(
      { EXAMPLE_ADMIN_SERVER: 'wrong', EXAMPLE_X: '' },
      '--help',
    );
    expect(status).toBe(0);
    expect(stdout).toContain('EXAMPLE_LOG_FORMAT');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      '(default: standard:80, but not on a cluster)',
    );
  });

  it('gives the log’s format, for an error in the other variables too', async () => {
    const { stderr } = await run({ EXAMPLE_LOG_FORMAT: 'json', EXAMPLE_ADMIN_SERVER: 'wrong' });
    expect(JSON.parse(stderr)).toMatchObject({ job: 'example' });
  });

  it('of another Job is none of its business', async () => {
    expect(await run({ CREATETUF_X: 'y', SIGSTAND_OUT: 'z' })).toMatchObject({ status: 0 });
  });
});

describe('on a cluster, a flag that leads out of the Job’s namespace', () => {
  const inCluster = '--store=kubernetes';

  it('has no default: it is asked for by its name and its variable’s', async () => {
    const { status, stderr } = await run({}, inCluster);
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr:
        'example: error: --admin-server, --url must be given on a cluster, where a default could lead to ' +
        'another stack; give the flag, or in the environment EXAMPLE_ADMIN_SERVER, EXAMPLE_URL\n',
    });
  });

  it('is taken from either place', async () => {
    const env = { NAMESPACE: 'mine', EXAMPLE_URL: 'http://a' };
    expect(await run(env, inCluster, '--admin-server=a:1')).toMatchObject({ status: 0 });
  });

  it('is not asked for where another one makes it idle', async () => {
    const env = { NAMESPACE: 'mine', EXAMPLE_ADMIN_SERVER: 'a:1', EXAMPLE_WITHOUT: 'url' };
    expect(await run(env, inCluster)).toMatchObject({ status: 0 });
  });
});
