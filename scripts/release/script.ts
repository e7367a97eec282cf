/**
 * A script of the release in one file: what it sources is in it, and so are its version and the sum of its archive.
 *
 * @throws {Error} Where the script does not have the three lines that this replaces, once each.
 */
export function wholeScript(text: string, part: string, version: string, sum: string): string {
  const inner = part.replace(/^# shellcheck .*\n/, '');
  const changes: [RegExp, string][] = [
    [/^version=0\.0\.0$/m, `version=${version}`],
    [/^sum=unreleased$/m, `sum=${sum}`],
    [/^# shellcheck source-path.*\nsource .*unpack\.sh"$/m, inner.trimEnd()],
  ];
  return changes.reduce((script, [line, other]) => {
    if (script.match(new RegExp(line, 'gm'))?.length !== 1) throw new Error(`no one line ${line}`);
    return script.replace(line, () => other);
  }, text);
}
