/** A time as RFC 3339 writes it, in UTC, cut to whole seconds. */
export function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
