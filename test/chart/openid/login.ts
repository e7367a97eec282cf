// openid/login.ts ADDRESS URL: logs in at the page to which URL leads, as a browser without scripts does: follows redirects,
// keeps cookies, and sends each form with the address in what it leaves empty; ends where a page has no form
const [address, start] = process.argv.slice(2) as [string, string];
const cookies = new Map<string, string>();

async function ask(url: URL, body?: URLSearchParams): Promise<{ url: URL; text: string }> {
  const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  const method = body ? { method: 'POST', body } : {};
  const answer = await fetch(url, { ...method, headers, redirect: 'manual' });
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
    cookies.set(name!, value!);
  }
  const to = answer.headers.get('location');
  if (to !== null) return ask(new URL(to, url));
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return { url, text };
}

const attribute = (tag: string, name: string) =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&');

let page = await ask(new URL(start));
let pages = 0;
for (let form = formIn(page.text); form !== undefined; form = formIn(page.text)) {
  pages += 1;
  if (pages > 9) throw new Error(`${page.url} asks again and again`);
  page = await ask(new URL(form.action, page.url), form.fields);
}

function formIn(text: string): { action: string; fields: URLSearchParams } | undefined {
  const [form] = /<form[\s\S]*?<\/form>/.exec(text) ?? [];
  if (!form) return undefined;
  // Without an action it goes to its own page.
  const action = attribute(form, 'action') ?? '';
  const fields = new URLSearchParams();
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    const [own = '', isHidden] = [attribute(tag, 'value'), attribute(tag, 'type') === 'hidden'];
    fields.set(attribute(tag, 'name')!, isHidden ? own : own || address);
  }
  return { action, fields };
}
