// openid/browser.ts FOLDER ADDRESS URL: opens URL in Chromium, without a screen, logs in there as the address and agrees;
// ends where the browser is back at the client. Its certificates are those that certutil put into FOLDER/.pki/nssdb.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const [folder, address, url] = process.argv.slice(2) as [string, string, string];

/** The id of an element in an answer (W3C WebDriver, section 12). */
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

const driver = spawn('chromedriver', ['--port=0'], {
  env: { ...process.env, HOME: folder },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => driver.kill());
const port = await new Promise<string>((resolve, reject) => {
  driver.once('error', reject).once('exit', () => reject(new Error('chromedriver ended')));
  createInterface({ input: driver.stdout }).on('line', (line) => {
    const [, told] = /successfully on port (\d+)/.exec(line) ?? [];
    if (told) resolve(told);
  });
});

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  const { value } = (await answer.json()) as { value: T & { message?: string } };
  if (!answer.ok) throw new Error(`${method} ${path}: ${value.message}`);
  return value;
}

// Root has no sandbox, and containers little shared memory.
const args = ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage'];
const { sessionId } = await ask<{ sessionId: string }>('POST', '/session', {
  capabilities: { alwaysMatch: { 'goog:chromeOptions': { args }, timeouts: { implicit: 20_000 } } },
});
const session = `/session/${sessionId}`;

/** The element that a selector of CSS finds, for which the driver waits. */
async function find(value: string): Promise<string> {
  const using = { using: 'css selector', value };
  const found = await ask<Record<string, string>>('POST', `${session}/element`, using);
  return `${session}/element/${found[elementKey]}`;
}
const type = async (selector: string, text: string) =>
  ask('POST', `${await find(selector)}/value`, { text });
const click = async (selector: string) => ask('POST', `${await find(selector)}/click`, {});

await ask('POST', `${session}/url`, { url });
await type('input[name=login]', address);
await type('input[name=password]', 'any');
await click('button[type=submit]');
await find('input[name=prompt][value=consent]');
await click('button[type=submit]');
while (!(await ask<string>('GET', `${session}/url`)).startsWith('http://localhost:')) {
  await setTimeout(100);
}
await ask('DELETE', session);
driver.kill();
await once(driver, 'close');
process.exit();
