// Writes the code that launch.cjs takes; the Dockerfile runs it once, with the Node that will run the Job. The Job is
// asked for its help first, so that what every run of it compiles is compiled.
const { writeFileSync } = require('node:fs');

process.argv.push('--help');
const { code, script } = require('./launch.cjs');

process.on('exit', () => writeFileSync(code, script.createCachedData()));
