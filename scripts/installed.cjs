// Ends with 0 where node_modules holds what package-lock.json says, else with 1. Any Node runs it: it comes before the
// one that is pinned.
const { lstatSync, readFileSync } = require('node:fs');

const packagesOf = (path) => {
  const { packages } = JSON.parse(readFileSync(path, 'utf8'));
  return Object.entries(packages).filter(([folder]) => folder.startsWith('node_modules/'));
};

// A package of ours is a link: nothing was fetched for it, and what counts is that it is there.
const isLinked = (folder) => lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink();

function isInstalled() {
  const listed = packagesOf('package-lock.json');
  if (listed.some(([folder, one]) => one.link && !isLinked(folder))) return false;
  const wanted = new Map(listed.filter(([, one]) => !one.link));
  // npm writes it as the last thing that it does.
  const there = new Map(
    packagesOf('node_modules/.package-lock.json').filter(([, one]) => !one.link),
  );
  const same = (one, other) =>
    one?.version === other?.version && one?.integrity === other?.integrity;
  const missing = [...wanted].some(([folder, one]) =>
    there.has(folder) ? !same(one, there.get(folder)) : !(one.optional || one.devOptional),
  );
  return !missing && [...there.keys()].every((folder) => wanted.has(folder));
}

try {
  process.exitCode = isInstalled() ? 0 : 1;
} catch {
  process.exitCode = 1; // nothing is installed
}
