import type { JobContext } from '@sigstand/job/main';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { fulcioForm, hasChain, type Material, readMaterial, tsaForm } from './material.ts';

type Input = 'fulcio' | 'ctlog' | 'rekor' | 'tsa';

/** Where the public half of each service lies. */
export type InputRefs = Readonly<Record<Input, Ref>>;

const complete: Record<Input, (data: Data | undefined) => boolean> = {
  fulcio: (data) => hasChain(data, fulcioForm),
  ctlog: (data) => (data?.public?.length ?? 0) > 0,
  rekor: (data) => (data?.public?.length ?? 0) > 0,
  tsa: (data) => hasChain(data, tsaForm),
};

const inputs = Object.keys(complete) as Input[];

/** Waits until all four records are there, each time saying which are not, and reads them. */
export async function waitForMaterial(
  { store, waitFor }: Pick<JobContext, 'store' | 'waitFor'>,
  refs: InputRefs,
): Promise<Material> {
  for (;;) {
    const found = await readAll(store, refs);
    const missing = missingOf(found);
    if (missing.length === 0) return readMaterial(sourcesOf(found, refs));
    const what = missing.map((input) => show(refs[input])).join(' and ');
    await waitFor({ what, hint: 'copysecrets brings it' }, async () =>
      missingOf(await readAll(store, refs)).length < missing.length ? true : undefined,
    );
  }
}

type Found = Record<Input, Data | undefined>;

async function readAll(store: Store, refs: InputRefs): Promise<Found> {
  const read = async (input: Input) => (await store.read(refs[input]))?.data;
  const [fulcio, ctlog, rekor, tsa] = await Promise.all([
    read('fulcio'),
    read('ctlog'),
    read('rekor'),
    read('tsa'),
  ]);
  return { fulcio, ctlog, rekor, tsa };
}

function missingOf(found: Found): Input[] {
  return inputs.filter((input) => !complete[input](found[input]));
}

function sourcesOf(found: Found, refs: InputRefs) {
  const source = (input: Input) => ({ place: show(refs[input]), data: found[input] ?? {} });
  return {
    fulcio: source('fulcio'),
    ctlog: source('ctlog'),
    rekor: source('rekor'),
    tsa: source('tsa'),
  };
}
