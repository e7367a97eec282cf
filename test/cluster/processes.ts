import { readdirSync, readFileSync } from 'node:fs';

/** A process of this machine; the rig's containers are among them. */
export interface Process {
  readonly pid: number;
  /** Its arguments, a space after each; bytes as Latin-1. */
  readonly command: string;
}

export function processes(): Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid): Process[] => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        return [{ pid: Number(pid), command }];
      } catch {
        return []; // it has ended
      }
    });
}
