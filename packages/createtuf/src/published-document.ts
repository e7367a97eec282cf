import { publishedTargets, type Repository } from './repository.ts';

/** What a target of this name holds, as `read` takes its JSON. A repository that another program made may lack it, or have another form of it. */
export function publishedDocument<T>(
  repository: Repository,
  name: string,
  read: (json: unknown) => T,
): T | undefined {
  const found = publishedTargets(repository).find((target) => target.name === name);
  if (found === undefined) return undefined;
  try {
    return read(JSON.parse(Buffer.from(found.bytes).toString()));
  } catch {
    return undefined;
  }
}
