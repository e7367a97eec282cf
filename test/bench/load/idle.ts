import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Benchmark } from '../benchmark.ts';
import type { Figure } from '../figure.ts';
import { openDatabase } from './database.ts';
import { openSigner } from './run.ts';
import { type Sample, sampled, spent, together } from './sample.ts';

const percent = (share: number) => Math.round(share * 10_000) / 100;

/** B15: what a stack that nobody uses costs, and how soon an entry is included nevertheless. */
export const idle: Benchmark = {
  ids: ['B15'],
  title: 'the stack at rest',
  ground: 'stack',
  profiles: ['quick', 'full'],
  async run(bench) {
    return [...(await atRest(bench)), ...(await untilIncluded(bench))];
  },
};

async function atRest({ cluster, profile, say }: Bench): Promise<Figure[]> {
  const { windows, seconds } =
    profile === 'full' ? { windows: 6, seconds: 10 } : { windows: 4, seconds: 5 };
  // Whoever made it ready has just been there.
  await sleep(10_000);
  say(`CPU of every container, for ${windows * seconds} s of rest`);
  const database = await openDatabase(cluster);
  const before = { at: performance.now(), ...(await database.counters()) };
  const { samples } = await sampled(cluster, seconds * 1000, () =>
    sleep(windows * seconds * 1000 + 200),
  );
  const { Questions } = await database.counters();
  const questions = (Questions - before.Questions) / ((performance.now() - before.at) / 1000);

  const parts = pieces(samples).map(([from, to]) => spent(from, to));
  const names = spent(samples[0] as Sample, samples.at(-1) as Sample).map(({ name }) => name);
  const about = { id: 'B15', unit: '% of a core' };
  return [
    {
      ...about,
      title: `all containers of the stack at rest, in windows of ${seconds} s`,
      ours: parts.map((part) => percent(together(part))),
      anchor: 'peer: log-signer 14, MariaDB 11',
      goals: [{ id: 'P20', of: 'median', atMost: 5 }],
      note: `${Math.round(questions)} statements a second reach the database; what probes cost the kubelet is not in it`,
    },
    ...names.map((name) => ({
      ...about,
      title: `${name} at rest`,
      ours: parts.map((part) =>
        percent(part.find((each) => each.name === name)?.cores ?? Number.NaN),
      ),
    })),
  ];
}

/** Each sample with the next one. */
function pieces(samples: readonly Sample[]): [Sample, Sample][] {
  const pairs = samples.slice(1).map((to, index) => [samples[index] as Sample, to] as const);
  // The last one ends with what was run, right behind the one before.
  return pairs.filter(([from, to]) => to.at - from.at > 1000).map(([from, to]) => [from, to]);
}

async function untilIncluded({ cluster, work, say }: Bench): Promise<Figure[]> {
  say('20 signatures, one after another: until either log has included them');
  const signer = await openSigner(cluster, work);
  // Opens what the servers have not opened since they started.
  await signer.inclusion(1);
  const entries = await signer.inclusion(20);
  const about = { id: 'B15', unit: 'ms', goals: [{ id: 'P21', of: 'max', atMost: 1000 }] } as const;
  return [
    {
      ...about,
      title: 'an entry in the CT log: certificate asked for to tree head that covers it, at rest',
      ours: entries.map(({ ctlogMs }) => ctlogMs),
      note: "with Fulcio's work, and up to 10 ms by which it is seen late",
    },
    {
      ...about,
      title: 'an entry in Rekor: submitted to answered with its proof of inclusion, at rest',
      ours: entries.map(({ rekorMs }) => rekorMs),
      note: 'Rekor looks whether its entry is in after 0.1 to 0.2 s, then after another 0.2 to 0.4 s',
    },
  ];
}
