/** Texts of which no twelve characters in a row may be told. */
export class Secrets {
  readonly #windows = new Set<string>();

  constructor(...texts: readonly (string | Uint8Array)[]) {
    for (const text of texts) {
      const plain = Buffer.from(text as string).toString('latin1');
      // A label or header of PEM is no secret; what stands in its lines is.
      for (const line of plain.split(/\r?\n/)) {
        if (/^-----|: /.test(line)) continue;
        for (const window of windowsOf(line)) this.#windows.add(window);
      }
    }
  }

  quotedIn(message: string): boolean {
    return windowsOf(message).some((window) => this.#windows.has(window));
  }
}

function windowsOf(text: string): string[] {
  const most = Math.max(0, text.length - 11);
  return Array.from({ length: most }, (_, start) => text.slice(start, start + 12));
}
