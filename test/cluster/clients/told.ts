/** Runs a program's work; says why it failed with every cause, and without the stack, which names the clients' files. */
export async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`${cause.name}: ${cause.message}\n`);
    }
    process.exitCode = 1;
  }
}
