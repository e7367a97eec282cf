// openid/browser.ts FOLDER ADDRESS URL: opens URL in Chromium, without a screen, logs in there as the address, and agrees
// where that is asked; ends where the browser is back at the client. Its certificates are those that certutil put into FOLDER/.pki/nssdb.
import { setTimeout } from 'node:timers/promises';
import { openBrowser } from '../chromium.ts';

const [folder, address, url] = process.argv.slice(2) as [string, string, string];

/** The id of an element in an answer (W3C WebDriver, section 12). */
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

const { ask, close } = await openBrowser(folder);

/** The element that a selector of CSS finds, for which the driver waits. */
async function find(value: string): Promise<string> {
  const using = { using: 'css selector', value };
  const found = await ask<Record<string, string>>('POST', '/element', using);
  return `/element/${found[elementKey]}`;
}
const type = async (selector: string, text: string) =>
  ask('POST', `${await find(selector)}/value`, { text });
const click = async (selector: string) => ask('POST', `${await find(selector)}/click`, {});

/** Whether the page has such an element, by now. */
const has = (selector: string) =>
  ask<boolean>('POST', '/execute/sync', {
    script: 'return document.querySelector(arguments[0]) !== null',
    args: [selector],
  });
const consent = 'input[name=prompt][value=consent], input[name=approval][value=approve]';

await ask('POST', '/url', { url });
await type('input[name=login], input[name=username]', address);
await type('input[name=password]', 'any');
await click('button[type=submit]');
for (let agreed = false; !(await ask<string>('GET', '/url')).startsWith('http://localhost:'); ) {
  if (!agreed && (await has(consent))) {
    agreed = true;
    await click('button[type=submit]');
  }
  await setTimeout(100);
}
await close();
process.exit();
