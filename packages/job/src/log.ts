/** Writes one line about one thing that is now so. */
export type Log = (message: string) => void;

/** A log of lines that start with the Job's name, or of JSON objects. */
export function logTo(
  write: (text: string) => void,
  { job, format, now }: { job: string; format: 'text' | 'json'; now: () => Date },
): Log {
  return (message) => {
    const line = message.replaceAll(/\s*\n\s*/g, ' ');
    write(
      format === 'json'
        ? `${JSON.stringify({ time: now().toISOString(), job, message: line })}\n`
        : `${job}: ${line}\n`,
    );
  };
}
