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
