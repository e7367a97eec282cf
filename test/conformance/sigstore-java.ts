import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from '../programs/binaries.ts';
import { type Follow, scratch } from './client.ts';
import { byProgram } from './go-tuf.ts';

/** The TUF client of sigstore-java, by the program beside this file. */
export const sigstoreJava: Follow = async (served, flights) => {
  const jars = binary('sigstore-java');
  const pins = join(import.meta.dirname, '../rig/sigstore-java/maven.sha256');
  const [, version = ''] =
    /dev\.sigstore:sigstore-java:(\S+)/.exec(await readFile(pins, 'utf8')) ?? [];
  const program = join(import.meta.dirname, 'SigstoreJava.java');
  const command = [binary('java'), `-Djava.io.tmpdir=${scratch}`, '-cp', `${jars}/*`, program];
  return byProgram((folder) => [...command, folder, version])(served, flights);
};
