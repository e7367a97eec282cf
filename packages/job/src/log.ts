/** Writes one line about one thing that is now so. */
export type Log = (message: string) => void;

// Kubernetes keeps the last 2,048 bytes of the log as the reason why a Pod failed: the last line is to
// be there as a whole, with its time and name.
const mostBytes = 1_400;

/** A log of lines that start with the Job's name, or of JSON objects. No line is longer than 1,500 bytes. */
export function logTo(
  write: (text: string) => void,
  { job, format, now }: { job: string; format: 'text' | 'json'; now: () => Date },
): Log {
  return (message) => {
    const line = shortened(oneLine(message), mostBytes);
    write(
      format === 'json'
        ? `${JSON.stringify({ time: now().toISOString(), job, message: line })}\n`
        : `${job}: ${line}\n`,
    );
  };
}

/** Why a Job ends, as one line of which the hint is always whole: it is what to do. */
export function ending({ message, hint }: { message: string; hint: string }): string {
  const [what, todo] = [oneLine(message), oneLine(hint)];
  return `error: ${shortened(what, 900)}; ${shortened(todo, 450)}`;
}

/** No line breaks, nor what a terminal would obey. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ');
}

/** The text within so many bytes, also inside of JSON; where it is cut, between two characters, it says so. */
function shortened(text: string, most: number): string {
  if (inJson(text) <= most) return text;
  let kept = '';
  let size = 0;
  for (const character of text) {
    size += inJson(character);
    if (size > most - 40) break;
    kept += character;
  }
  const left = Buffer.byteLength(text) - Buffer.byteLength(kept);
  return `${kept}... (${left} bytes are left out)`;
}

function inJson(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
