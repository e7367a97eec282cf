// Chromium without a screen, spoken to as W3C WebDriver says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** One window of Chromium. */
export interface Browser {
  /** A command of the session, such as `POST /url`; resolves to its value. */
  ask<T>(method: string, path: string, body?: object): Promise<T>;
  close(): Promise<void>;
}

/** Starts one with a home of its own, whose certificates are those in HOME/.pki/nssdb. */
export async function openBrowser(home: string, capabilities: object = {}): Promise<Browser> {
  const driver = spawn('chromedriver', ['--port=0'], {
    env: { ...process.env, HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => driver.kill();
  process.once('exit', stop);
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
  const alwaysMatch = {
    'goog:chromeOptions': { args },
    timeouts: { implicit: 20_000 },
    ...capabilities,
  };
  const { sessionId } = await ask<{ sessionId: string }>('POST', '/session', {
    capabilities: { alwaysMatch },
  });
  const session = `/session/${sessionId}`;
  return {
    ask: (method, path, body) => ask(method, `${session}${path}`, body),
    async close() {
      await ask('DELETE', session);
      const closed = once(driver, 'close');
      process.off('exit', stop);
      driver.kill();
      await closed;
    },
  };
}
