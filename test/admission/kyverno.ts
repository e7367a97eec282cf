import { beforeAll, describe } from 'vitest';
import { eventsOf } from './events.ts';
import type { Ground } from './ground.ts';
import { describeOwnNamespaces } from './own-namespaces.ts';
import type { Post, Reasons } from './post.ts';
import { admits, refuses, secondsSince } from './verdict.ts';

/** What an ImageValidatingPolicy says of all that it refuses; the reason is in Kyverno's log. */
const asked = /not signed by .*builder, as this cluster asks/;

/** What a ClusterPolicy says. */
const why = {
  unsigned: /no signatures found/,
  bundle: /no signatures found/,
  'sig by a stranger': /subject mismatch/,
  'sig of another stack': /rekor log public key not found/,
  'sig without log entry': /signature not found in transparency log/,
} as const satisfies Reasons;

export function describeKyverno(of: () => Ground, post: Post): void {
  const events = eventsOf(of);
  const { check } = post;
  const clusterPolicyJudges = () => {
    post.admits('sig', 'sig by cosign 3', 'sig without timestamp');
    post.refusesEach(why);
  };
  // Its webhook is there some time after itself, and until then everything is admitted.
  const guarded = () => post.until('unsigned', false);

  beforeAll(() => post.open());

  describe('an ImageValidatingPolicy', () => {
    beforeAll(async () => {
      const began = performance.now();
      await post.follow('The policy');
      await guarded();
      post.says(`exported, applied and in force in ${secondsSince(began)} s`);
    });
    post.admits(
      'sig',
      'sig by cosign 3',
      'bundle',
      'sig without timestamp',
      'bundle without timestamp',
    );
    post.refuses(
      asked,
      'unsigned',
      'sig by a stranger',
      'bundle by a stranger',
      'sig of another stack',
    );
    post.refuses(
      asked,
      'bundle of another stack',
      'sig without log entry',
      'bundle without log entry',
    );
    check('runs a Pod of an image that it admits', () => post.runs('bundle'));
    check('refuses unsigned in an init container', async () =>
      refuses(await post.judgeBeside('unsigned', 'bundle'), asked),
    );
    check('refuses unsigned in a container that is added to a Pod', async () =>
      refuses(await post.judgeInto('unsigned'), asked),
    );
    check('tells how long it takes', () => post.saysLatency('bundle'));
    describeOwnNamespaces(of, post, {
      file: 'kyverno-policy.yaml',
      pattern: /glob: .*/,
      all: 'glob: "*"',
    });

    describe('when the metadata is signed again and the root is rotated', () => {
      beforeAll(async () => {
        await events.refresh();
        await events.rotateRoot();
      });
      post.admits('sig', 'bundle');
      post.refuses(asked, 'unsigned');
    });

    describe("when Fulcio's CA is replaced", () => {
      const after = { sig: '', bundle: '' };
      beforeAll(async () => {
        await events.replaceCa();
        for (const format of ['sig', 'bundle'] as const)
          after[format] = await of().image(`ky/after-ca-${format}:1`, { format });
      });
      for (const format of ['sig', 'bundle'] as const)
        check(`admits at once a ${format} that the new one certified`, async () =>
          admits(await post.judge({ image: after[format] })),
        );
      post.admits('sig', 'bundle');
    });

    describe('when the TUF server is down', () => {
      beforeAll(() => events.tufServer(0));
      post.refuses(asked, 'sig', 'bundle', 'unsigned');
      check('refuses also after its own start', async () => {
        await post.restart();
        await guarded();
        refuses(await post.judge('sig'), asked);
      });
    });
  });

  describe('a ClusterPolicy with the keys in it, and no TUF server', () => {
    beforeAll(async () => {
      await post.follow('Without the TUF server');
      await post.until('sig', true);
      await guarded();
    });
    clusterPolicyJudges();
    describeOwnNamespaces(of, post, {
      file: 'kyverno-cluster-policy-offline.yaml',
      pattern: /- "10.*/,
      all: '- "*"',
    });
    check('is in force after a start', async () => {
      await post.restart();
      await guarded();
      admits(await post.judge('sig'));
    });
  });

  describe('a ClusterPolicy that follows the mirror', () => {
    beforeAll(async () => {
      await events.tufServer(1);
      await post.follow('A ClusterPolicy that follows the mirror');
      await guarded();
    });
    clusterPolicyJudges();

    describe("when Fulcio's CA is replaced", () => {
      let image: string;
      beforeAll(async () => {
        await events.replaceCa();
        image = await of().image('ky/after-second-ca:1', { format: 'sig' });
      });
      check('admits what the new one certified, once it was started again', async () => {
        refuses(await post.judge({ image }), /certificate signed by unknown authority/);
        const began = performance.now();
        await post.follow('After a rotation');
        await guarded();
        await post.until({ image }, true);
        post.says(
          `a CA that was replaced is trusted by a ClusterPolicy ${secondsSince(began)} s after`,
        );
      });
      post.admits('sig');
    });
    check('tells its memory', () => post.saysMemory());
  });
}

/** What it says of images whose certificates ended long ago. */
export function describeOldForKyverno(post: Post): void {
  const all = ['sig', 'sig by cosign 3', 'sig without timestamp'] as const;
  describe('by a ClusterPolicy', () => post.admits(...all));
  describe('by an ImageValidatingPolicy', () => {
    beforeAll(async () => {
      await post.follow('From a ClusterPolicy back');
      await post.until('bundle', true);
    });
    post.admits(...all, 'bundle', 'bundle without timestamp');
    post.refuses(asked, 'unsigned');
  });
  describe('by one that asks for a timestamp', () => {
    beforeAll(async () => {
      await post.follow('And a timestamp');
      await post.until('bundle without timestamp', false);
    });
    post.admits('sig', 'bundle');
    post.refuses(asked, 'sig without log entry', 'bundle without log entry');
    post.refuses(/with a timestamp, as/, 'sig without timestamp', 'bundle without timestamp');
  });
}
