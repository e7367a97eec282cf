import type { ChildProcess } from 'node:child_process';

/** One request of a Job to a program outside it, as a proxy sees it. */
export interface Request {
  /** Its place in the order of all requests of the process, from 1. */
  readonly n: number;
  readonly to: 'kubernetes' | 'trillian';
  /** Such as `apply Secret rekor-system/rekor-pub-key`, or `CreateTree`. */
  readonly what: string;
  /** Whether it changes something outside. */
  readonly writes: boolean;
}

/** What befalls a request; `when` says whether the program outside gets it first. */
export type Fault =
  | { readonly kind: 'kill'; readonly when: 'before' | 'after' }
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  | { readonly kind: 'truncate' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export type Faults = (request: Request) => Fault | undefined;

/** The requests of one process through all its proxies, and what befalls them. */
export class Traffic {
  readonly requests: Request[] = [];
  readonly #faults: Faults;
  /** Killed with SIGKILL at a `kill`. */
  victim?: ChildProcess;

  constructor(faults: Faults = () => undefined) {
    this.#faults = faults;
  }

  /** Notes a request, and resolves to what is to befall it, after any delay. */
  async meet(request: Omit<Request, 'n'>): Promise<Fault | undefined> {
    const numbered = { n: this.requests.length + 1, ...request };
    this.requests.push(numbered);
    const fault = this.#faults(numbered);
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (fault?.kind === 'hold') await fault.until;
    return fault;
  }

  get writes(): Request[] {
    return this.requests.filter(({ writes }) => writes);
  }

  kill(): void {
    this.victim?.kill('SIGKILL');
  }
}
