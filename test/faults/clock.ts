/**
 * The environment in which a Job believes that it is some time later than it is. Its clock goes on from
 * there; TLS and the API server keep the true time.
 */
export function laterBy(milliseconds: number): { readonly NODE_OPTIONS: string } {
  const script = `
    const now = () => Real.now() + ${milliseconds};
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...parts) {
        if (parts.length > 0) super(...parts);
        else super(now());
      }
      static now() {
        return now();
      }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}
