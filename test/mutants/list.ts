import { createtuf } from './list/createtuf.ts';
import { job } from './list/job.ts';
import { jobs } from './list/jobs.ts';
import { manifests } from './list/manifests.ts';
import { pki } from './list/pki.ts';
import { shell } from './list/scripts.ts';
import { stacks } from './list/stacks.ts';
import { store } from './list/store.ts';
import type { Mutant } from './mutant.ts';

/** All changes that the tests must notice. */
export const mutants: readonly Mutant[] = [
  ...store,
  ...job,
  ...pki,
  ...jobs,
  ...createtuf,
  ...manifests,
  ...stacks,
  ...shell,
];
