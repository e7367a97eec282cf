const most = 3;

/** The first few of a list, and how many more there are. */
export function listed(items: readonly string[]): string {
  const more = items.length > most ? ` and ${items.length - most} more` : '';
  return items.slice(0, most).join(', ') + more;
}

/** Two lists that differ, each by what the other has not; all of a list where that is nothing. */
export function contrasted(one: readonly string[], other: readonly string[]): [string, string] {
  const own = (these: readonly string[], those: readonly string[]) => {
    const alone = these.filter((item) => !those.includes(item));
    return listed(alone.length > 0 ? alone : these);
  };
  return [own(one, other), own(other, one)];
}
