import type { Head } from '../backup/heads.ts';

/*
 * A dump is loaded beside the database, and takes its place by one RENAME TABLE: until then, whoever looks sees the empty
 * tables, and after it all of the backup. All of it is one session of one client, with a lock that ends with it: two at
 * once do not meet, and whatever cuts it short leaves the database empty, for the next to begin anew. (MariaDB 10.6 and
 * newer: a RENAME of many tables is atomic.)
 */

/** What the statements refuse by. */
export const refusals = ['locked', 'trees', 'heads'] as const;
export type Refusal = (typeof refusals)[number];

/** Which of them made a load fail, by what the client said. */
export function refusalIn(stderr: string): Refusal | undefined {
  return refusals.find((one) => stderr.includes(`sigstand: ${one}`));
}

const signal = (why: Refusal) => `SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'sigstand: ${why}'`;

/** As createsecret makes it, or another who knows that it stands in SQL; @see manifests/10-trillian.yaml */
export function isDatabaseName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,48}$/.test(name);
}

/** What comes before a dump. The name is one by `isDatabaseName`. */
export function before(database: string): string {
  return (
    block(`IF GET_LOCK('sigstand restore', 0) <> 1 THEN ${signal('locked')}; END IF;
  ${refuseTrees(database)}`) +
    `DROP DATABASE IF EXISTS \`${database}_restoring\`;
DROP DATABASE IF EXISTS \`${database}_replaced\`;
CREATE DATABASE \`${database}_restoring\`;
CREATE DATABASE \`${database}_replaced\`;
USE \`${database}_restoring\`;
`
  );
}

/** What comes after it: it holds the trees against the heads that the backup has of them, and puts them in place. */
export function after(database: string, heads: readonly Head[]): string {
  const place = `\`${database}_restoring\``;
  const checks = heads.map(
    ({ tree, size, root }) => `IF NOT EXISTS (SELECT 1 FROM ${place}.TreeHead h
    WHERE h.TreeId = ${tree} AND h.TreeSize = ${size} AND h.RootHash = X'${root}' AND h.TreeHeadTimestamp =
    (SELECT MAX(n.TreeHeadTimestamp) FROM ${place}.TreeHead n WHERE n.TreeId = ${tree}))
    OR (SELECT COUNT(*) FROM ${place}.SequencedLeafData WHERE TreeId = ${tree}) < ${size}
    THEN ${signal('heads')}; END IF;`,
  );
  return (
    block(`${checks.join('\n  ')}
  ${refuseTrees(database)}
  SELECT CONCAT('RENAME TABLE ', GROUP_CONCAT(
    CONCAT('\`', TABLE_SCHEMA, '\`.\`', TABLE_NAME, '\` TO \`',
      IF(TABLE_SCHEMA = '${database}', '${database}_replaced', '${database}'), '\`.\`', TABLE_NAME, '\`')
    ORDER BY TABLE_SCHEMA = '${database}' DESC SEPARATOR ', '))
    FROM information_schema.TABLES
    WHERE TABLE_SCHEMA IN ('${database}', '${database}_restoring') AND TABLE_TYPE = 'BASE TABLE' INTO @renames;
  EXECUTE IMMEDIATE @renames;`) +
    `DROP DATABASE \`${database}_restoring\`;
DROP DATABASE \`${database}_replaced\`;
`
  );
}

function refuseTrees(database: string): string {
  return `IF EXISTS (SELECT 1 FROM \`${database}\`.Trees) THEN ${signal('trees')}; END IF;`;
}

function block(statements: string): string {
  return `DELIMITER //
BEGIN NOT ATOMIC
  ${statements}
END//
DELIMITER ;
`;
}

/** Asks which of these heads the database has had: a log that went on from one has it still. */
export function knownQuery(heads: readonly Head[]): string {
  const each = heads.map(
    ({ tree, size, root }) => `(TreeId = ${tree} AND TreeSize = ${size} AND RootHash = X'${root}')`,
  );
  return `SELECT DISTINCT TreeId, TreeSize, LOWER(HEX(RootHash)) FROM TreeHead WHERE ${each.join(' OR ') || 'FALSE'}`;
}
