/** Without it, it is policy-controller alone: Kyverno and the ten minutes would take CI too long. */
export const long = process.env.ADMISSION === 'long';
