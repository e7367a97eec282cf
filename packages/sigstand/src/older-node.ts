// What our libraries take for granted and Node 20 lacks: whoever runs the CLI by npx has the Node that is there. Must be
// the first import of main.ts.

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
