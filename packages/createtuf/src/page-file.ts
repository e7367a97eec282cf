import type { Data } from '@sigstand/store/store';

/** Under which name the page for people lies beside the repository, of which it is no part. */
export const pageFile = 'index.html';

/** The files that clients read, and that the archive holds. */
export function withoutPage(files: Data): Data {
  const { [pageFile]: _page, ...rest } = files;
  return rest;
}
