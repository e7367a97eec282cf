// What an image starts: the Job's bundle, with the code that V8 made of it when the image was built. To make it again
// would be a third of what a Job costs. V8 takes only code of its own version, made of text of the same length, under
// the same flags; whatever else is there, it compiles the bundle as always.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const bundle = join(__dirname, 'job.cjs');
const code = join(__dirname, 'job.code');

function compile(cachedData) {
  // The bundle is ASCII; so it is one byte a character, in memory as well.
  const source = readFileSync(bundle, 'latin1');
  const text = `(function (require, module, exports) {${source}\n})`;
  return new Script(text, { filename: bundle, cachedData });
}

function written() {
  try {
    return readFileSync(code);
  } catch {
    return undefined; // as in the step that writes it
  }
}

const script = compile(written());
script.runInThisContext()(require, module, exports);

module.exports = { code, script };
