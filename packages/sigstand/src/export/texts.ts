import { embeddedTexts } from './embedded.ts';

/** The texts of a folder by their names: what an export is made of. */
export function textsIn(folder: string): Record<string, string> {
  const own = Object.entries(embeddedTexts()).filter(([path]) => path.startsWith(`${folder}/`));
  return Object.fromEntries(own.map(([path, text]) => [path.slice(folder.length + 1), text]));
}
