import type { Ground } from './ground.ts';
import { foreign } from './ground.ts';
import { registry, type Way } from './images.ts';

/** The images that every controller is asked for, by what is right or wrong with them. */
export const ways = {
  sig: { format: 'sig' },
  'sig by cosign 3': { format: 'sig', older: true },
  bundle: { format: 'bundle' },
  unsigned: undefined,
  'sig by a stranger': { format: 'sig', as: 'stranger' },
  'bundle by a stranger': { format: 'bundle', as: 'stranger' },
  'sig without log entry': { format: 'sig', without: 'log' },
  'bundle without log entry': { format: 'bundle', without: 'log' },
  'sig without timestamp': { format: 'sig', without: 'timestamp' },
  'bundle without timestamp': { format: 'bundle', without: 'timestamp' },
} as const satisfies Record<string, Way | undefined>;

export type Case = keyof typeof ways | 'sig of another stack' | 'bundle of another stack';

/** The names of a repository's images. */
export type Cases = Readonly<Record<Case, string>>;

/** Makes and signs them, once; what another stack signed is there. */
export async function makeCases(ground: Ground, repository: string): Promise<Cases> {
  const cases: Partial<Record<Case, string>> = {
    'sig of another stack': `${registry}/${repository}/${foreign.sig}`,
    'bundle of another stack': `${registry}/${repository}/${foreign.bundle}`,
  };
  for (const [name, way] of Object.entries(ways)) {
    const image = `${repository}/${name.replaceAll(' ', '-')}:1`;
    cases[name as Case] = await ground.image(image, way);
  }
  return cases as Cases;
}
