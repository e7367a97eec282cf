// What our libraries take for granted and Node 20 lacks: whoever runs the CLI by npx has the Node that is there. Must be
// the first import of main.ts.

import { X509Certificate } from 'node:crypto';

Promise.withResolvers ??= function withResolvers<T>() {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (reason?: unknown) => void;
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
};

URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

for (const end of ['From', 'To'] as const) {
  const name = `valid${end}Date` as const;
  if (name in X509Certificate.prototype) continue;
  Object.defineProperty(X509Certificate.prototype, name, {
    get(this: X509Certificate) {
      // OpenSSL's own form, such as "Jan 31 00:00:00 2026 GMT", which Date reads.
      return new Date(this[`valid${end}`]);
    },
  });
}
