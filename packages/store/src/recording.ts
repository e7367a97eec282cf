import { eventOf, type Named, type Store, show } from './store.ts';

/** One request, in the words of Kubernetes RBAC. */
export interface Request {
  readonly verb: 'get' | 'create' | 'patch';
  readonly ref: Named;
}

/** Passes everything on and tells `note` which rights each call needs on a cluster. */
export function recording(store: Store, note: (request: Request) => void): Store {
  return {
    read(ref) {
      note({ verb: 'get', ref });
      return store.read(ref);
    },
    write(ref, change, replacing) {
      // Server-side apply of a new object is authorised as a patch and as a create.
      if (replacing === undefined) note({ verb: 'create', ref });
      note({ verb: 'patch', ref });
      return store.write(ref, change, replacing);
    },
    warn(ref, notice) {
      const event = eventOf(ref, notice);
      note({ verb: 'create', ref: event });
      note({ verb: 'patch', ref: event });
      return store.warn(ref, notice);
    },
  };
}

/** A request as one comparable line. */
export function showRequest({ verb, ref }: Request): string {
  return `${verb} ${show(ref)}`;
}
