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

/** A limit in milliseconds for what takes a fraction of it, longer on a machine that others keep busy. */
export function patience(milliseconds: number): number {
  const [load = 0] = loadavg();
  return milliseconds * Math.max(1, load / availableParallelism());
}
