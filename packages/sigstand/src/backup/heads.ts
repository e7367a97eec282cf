import { JobError } from '@sigstand/job/errors';

/** The newest head of a tree of Trillian. */
export interface Head {
  /** Its ID, which is too long for a number. */
  readonly tree: string;
  readonly size: number;
  /** Of the root hash, in hexadecimal digits. */
  readonly root: string;
}

/** By the trees' IDs as text, whose lengths differ. */
export function inOrder(heads: readonly Head[]): Head[] {
  return [...heads].sort((a, b) => (a.tree < b.tree ? -1 : 1));
}

/** Whether both are one head of one tree. */
export function isSame(one: Head, other: Head): boolean {
  return one.tree === other.tree && one.size === other.size && one.root === other.root;
}

/** Reads a dump as it goes by. */
export interface DumpReader {
  take(chunk: Buffer): void;
  /**
   * What was in the dump.
   *
   * @throws {JobError} Where it was not all of one.
   */
  end(): { readonly bytes: number; readonly heads: readonly Head[] };
}

const insert = Buffer.from('INSERT INTO `TreeHead` (');
const newline = 0x0a;

/** A head, and since when it is one. */
interface Dated extends Head {
  readonly at: bigint;
}

/**
 * Finds the newest head of each tree in a dump by `mariadb-dump --hex-blob --complete-insert`: asked of the database, it
 * would be that of another moment.
 */
export function dumpReader(): DumpReader {
  const newest = new Map<string, Dated>();
  let bytes = 0;
  let rest = Buffer.alloc(0);
  let listed: readonly string[] | undefined; // the columns of the statement that goes on
  let last = '';

  const keep = (head: Dated) => {
    const known = newest.get(head.tree);
    if (known === undefined || head.at > known.at) newest.set(head.tree, head);
  };
  const statement = (line: Buffer) => {
    if (listed === undefined && !line.subarray(0, insert.length).equals(insert)) {
      if (line.subarray(0, 3).toString() === '-- ') last = line.toString('latin1');
      return;
    }
    const text = line.toString('latin1');
    listed ??= columnsIn(text);
    // Values are numbers and hexadecimal digits: none has a bracket or a semicolon.
    for (const [, row = ''] of text.matchAll(/\((-?\d[^()]*)\)/g)) keep(headIn(row, listed));
    if (text.endsWith(';')) listed = undefined;
  };

  return {
    take(chunk) {
      bytes += chunk.length;
      let from = 0;
      for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
        const line = chunk.subarray(from, to);
        statement(rest.length > 0 ? Buffer.concat([rest, line]) : line);
        rest = Buffer.alloc(0);
        from = to + 1;
      }
      rest = Buffer.concat([rest, chunk.subarray(from)]);
    },
    end() {
      if (rest.length > 0 || !last.startsWith('-- Dump completed')) throw cutShort();
      const heads = [...newest.values()].map(({ tree, size, root }) => ({ tree, size, root }));
      return { bytes, heads: inOrder(heads) };
    },
  };
}

/** The columns that a statement lists, by `--complete-insert`. */
function columnsIn(text: string): string[] {
  const [, list = ''] = /^[^(]*\(([^)]*)\)/.exec(text) ?? [];
  return [...list.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
}

function headIn(row: string, columns: readonly string[]): Dated {
  const values = row.split(',');
  const value = (name: string) => values[columns.indexOf(name)] ?? '';
  const [tree, at, size] = [value('TreeId'), value('TreeHeadTimestamp'), value('TreeSize')];
  const root = /^(?:0x)?([0-9A-Fa-f]*)$/.exec(value('RootHash').replace(/^''$/, ''))?.[1];
  const sound = [tree, at, size].every((one) => /^\d{1,19}$/.test(one)) && root !== undefined;
  if (!sound) throw unread();
  return { tree, at: BigInt(at), size: Number(size), root: root.toLowerCase() };
}

function unread(): JobError {
  return new JobError('data', 'the database has a table TreeHead that is not one of Trillian 1.7', {
    hint: 'compare its tables with schema.sql in manifests/10-trillian.yaml',
  });
}

function cutShort(): JobError {
  return new JobError('tryAgain', 'the dump of the database ended before its end', {
    hint: 'see the log of the Pod of the database, then run it again',
  });
}
