import type { Change, Snapshot } from '@sigstand/store/store';
import { trustPage } from './page.ts';
import { pageFile, withoutPage } from './page-file.ts';
import { openRepository, type Repository } from './repository.ts';
import { fits } from './revised.ts';

/** The page that a record is to have beside its repository. */
export interface Page {
  /** The repository that it tells of; the record's own, if none is named. */
  readonly repository?: Repository | undefined;
  /** Where clients reach it. */
  readonly mirror: string;
}

/**
 * What a record lacks of the page, undefined where that is nothing. A page that would not fit goes, since clients
 * come first. No run ends because of it: who manages the record, or made it immutable, is left alone.
 */
export function lackingPage(
  current: Pick<Snapshot, 'data' | 'owner' | 'immutable'> | undefined,
  { repository = openRepository(withoutPage(current?.data ?? {})), mirror }: Page,
): Change | undefined {
  if (current?.owner !== undefined || current?.immutable) return undefined;
  const there = current?.data[pageFile];
  const page = trustPage(repository, mirror);
  if (!fits({ ...repository.files, [pageFile]: page })) {
    return there && { remove: [pageFile] };
  }
  if (there && Buffer.compare(there, page) === 0) return undefined;
  return { data: { [pageFile]: page } };
}
