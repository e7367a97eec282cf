import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';

const begin = '<!-- table -->\n';
const end = '<!-- end of the table -->\n';

/** The page with the table of the values in the place of what it has between its marks. */
export function withTable(page: string, values: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`chart/README.md lacks ${begin}or ${end}`);
  return page.slice(0, from + begin.length) + tableOf(values) + page.slice(to);
}

/** A row for each value that has a comment, with its default and what the comment says. */
export function tableOf(values: string): string {
  const document = parseDocument(values);
  const rows = isMap(document.contents) ? rowsOf(document.contents, []) : [];
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |\n`);
  return `| value | default | what it is |\n| --- | --- | --- |\n${lines.join('')}`;
}

function rowsOf(map: YAMLMap, above: readonly string[]): string[][] {
  return map.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const path = [...above, String(key.value)];
    // The comment of a map's first entry belongs to the map, as the parser has it.
    const comment =
      key.commentBefore ?? (map.items[0]?.key === key ? map.commentBefore : undefined);
    if (isMap(value) && isDescribed(value)) return rowsOf(value, path);
    if (comment == null) throw new Error(`values.yaml says nothing of ${path.join('.')}`);
    const last = comment.split('\n\n').pop() ?? '';
    const what = last.split('\n').map((line) => line.trim());
    return [[`\`${path.join('.')}\``, shown(value), what.join(' ')]];
  });
}

/** Whether the entries of a map are described one by one. */
function isDescribed(map: YAMLMap): boolean {
  return (
    map.commentBefore != null || map.items.some(({ key }) => isScalar(key) && key.commentBefore)
  );
}

function shown(value: unknown): string {
  if (isMap(value) && value.items.length > 0) return `one of each, ${value.items.length} in all`;
  const text = JSON.stringify((value as { toJSON(): unknown }).toJSON());
  return text === '""' ? 'empty' : `\`${text.replace(/^"(.*)"$/, '$1')}\``;
}
