import { copies } from '@sigstand/contracts/records';
import type { JobContext } from '@sigstand/job/main';
import { type Expected, refuseStrangers } from '@sigstand/job/strangers';
import { type Ref, type Snapshot, type Store, show } from '@sigstand/store/store';
import {
  fulcioForm,
  hasChain,
  type Material,
  readMaterial,
  type Service,
  type Source,
  tsaForm,
} from './material.ts';

/** Where the public half of each service lies; a service that is absent has none. */
export type InputRefs = Readonly<Partial<Record<Service, Ref>>>;

const expected: Record<Service, Expected> = {
  fulcio: { wanted: [fulcioForm.whole], known: fulcioForm.others },
  ctlog: { wanted: copies.ctlog.keys },
  rekor: { wanted: ['public'], known: copies.rekor.keys },
  tsa: { wanted: [tsaForm.whole], known: tsaForm.others },
};

const complete: Record<Service, (found: Snapshot | undefined) => boolean> = {
  fulcio: (found) => hasChain(found?.data, fulcioForm),
  ctlog: (found) => (found?.data.public?.length ?? 0) > 0,
  rekor: (found) => (found?.data.public?.length ?? 0) > 0,
  tsa: (found) => hasChain(found?.data, tsaForm),
};

/** Waits until all records are there, each time saying which are not, and reads them. */
export async function waitForMaterial(
  { store, waitFor }: Pick<JobContext, 'store' | 'waitFor'>,
  refs: InputRefs,
): Promise<Material> {
  for (;;) {
    const found = await readAll(store, refs);
    const missing = found.filter(isMissing);
    if (missing.length === 0) return readMaterial(sourcesOf(found));
    const what = missing.map(({ ref }) => show(ref)).join(' and ');
    await waitFor({ what, hint: 'copysecrets brings it' }, async () =>
      (await readAll(store, refs)).filter(isMissing).length < missing.length ? true : undefined,
    );
  }
}

interface Found {
  readonly service: Service;
  readonly ref: Ref;
  readonly snapshot: Snapshot | undefined;
}

function readAll(store: Store, refs: InputRefs): Promise<Found[]> {
  return Promise.all(
    (Object.entries(refs) as [Service, Ref][]).map(async ([service, ref]) => ({
      service,
      ref,
      snapshot: await store.read(ref),
    })),
  );
}

/** @throws {JobError} contradiction, where it is there under names that are not known here. */
function isMissing({ service, ref, snapshot }: Found): boolean {
  if (complete[service](snapshot)) return false;
  // The parts of a chain come one after the other.
  const parts = Object.keys(snapshot?.data ?? {}).filter((key) => partOfChain(service).test(key));
  const { wanted, known = [] } = expected[service];
  refuseStrangers(show(ref), snapshot?.data, { wanted, known: [...known, ...parts] });
  return true;
}

function partOfChain(service: Service): RegExp {
  return new RegExp(`^${service}_(root|leaf|intermediate_\\d{1,3})\\.crt\\.pem$`);
}

function sourcesOf(found: readonly Found[]): Partial<Record<Service, Source>> {
  return Object.fromEntries(
    found.map(({ service, ref, snapshot }) => [
      service,
      {
        place: show(ref),
        data: snapshot?.data ?? {},
        annotations: snapshot?.annotations ?? {},
      },
    ]),
  );
}
