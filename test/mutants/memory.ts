import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Killer } from './judge.ts';
import type { Mutant } from './mutant.ts';

/** Which test noticed a change the last time: it is asked first. */
export class Memory {
  readonly #path: string;
  readonly #killers: Map<string, Killer>;

  constructor(path: string) {
    this.#path = path;
    this.#killers = new Map(Object.entries(read(path)));
  }

  of(mutant: Mutant): Killer | undefined {
    const killer = this.#killers.get(nameOf(mutant));
    return killer && mutant.killers.includes(killer.file) ? killer : undefined;
  }

  note(mutant: Mutant, killer: Killer): void {
    this.#killers.set(nameOf(mutant), killer);
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, JSON.stringify(Object.fromEntries(this.#killers), null, 1));
  }
}

function nameOf({ file, from, to }: Mutant): string {
  return [file, from, to].join('\n');
}

function read(path: string): Record<string, Killer> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {}; // the first run; without it all is only slower
  }
}
