/** Checks of several programs, counted when they are written down and when they pass. */
export interface Tally {
  plan(name: string): void;
  pass(name: string): void;
  /** Which of how many have passed so far. */
  score(): { passed: number; total: number; text: string };
}

export function openTally(): Tally {
  const planned = new Map<string, number>();
  const passed = new Map<string, number>();
  const add = (counts: Map<string, number>, name: string) =>
    void counts.set(name, (counts.get(name) ?? 0) + 1);
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
  return {
    plan: (name) => add(planned, name),
    pass: (name) => add(passed, name),
    score() {
      const each = [...planned].map(([name, count]) => `${name} ${passed.get(name) ?? 0}/${count}`);
      return { passed: sum(passed), total: sum(planned), text: each.join(', ') };
    },
  };
}
