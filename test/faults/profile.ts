/** Whether this is the long run: `npm run test:faults`. */
export const long = process.env.FAULTS === 'long';

/** Trials: in every run, and in the long one. */
export function trials(few: number, many: number): number {
  return long ? many : few;
}

/** Prints a figure of the run, past the reporter's own lines. */
export function figure(text: string): void {
  process.stdout.write(`figure: ${text}\n`);
}
