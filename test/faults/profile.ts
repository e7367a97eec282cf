import { availableParallelism, loadavg } from 'node:os';

/** Whether this is the long run: `npm run test:faults`. */
export const long = process.env.FAULTS === 'long';

/** FAULTS_SHARE=0.1 makes a tenth of the long run's trials. */
const share = Number(process.env.FAULTS_SHARE ?? 1);

/** Trials: in every run, and in the long one. */
export function trials(few: number, many: number): number {
  return long ? Math.ceil(many * share) : few;
}

/** Prints a figure of the run, past the reporter's own lines. */
export function figure(text: string): void {
  process.stdout.write(`figure: ${text}\n`);
}

/** How often a limit is stretched at most: what takes longer than that is wrong on any machine. */
const mostPatience = 5;

/**
 * A limit in milliseconds for what takes a fraction of it, longer on a machine that others keep busy:
 * by how many processes there are for each processor.
 */
export function patience(
  milliseconds: number,
  busy = (loadavg()[0] ?? 0) / availableParallelism(),
): number {
  return milliseconds * Math.min(mostPatience, Math.max(1, busy));
}
