import { beforeAll, describe } from 'vitest';
import { eventsOf } from './events.ts';
import type { Ground } from './ground.ts';
import { describeOwnNamespaces } from './own-namespaces.ts';
import type { Post, Reasons } from './post.ts';
import { admits, refuses, secondsSince } from './verdict.ts';

/** Why it refuses, where signatures under a `.sig` tag are read. */
const why = {
  unsigned: /no signatures found/,
  bundle: /no signatures found/,
  'sig by a stranger': /none of the expected identities matched.*stranger/s,
  'bundle by a stranger': /no signatures found/,
  'sig of another stack': /rekor log public key not found/,
  'bundle of another stack': /no signatures found/,
  'sig without log entry': /signature not found in transparency log/,
  'bundle without log entry': /no signatures found/,
} as const satisfies Reasons;

/** And where bundles are. */
const whyBundles = {
  unsigned: /no valid bundles exist/,
  sig: /no valid bundles exist/,
  'bundle by a stranger': /expected SAN value ".*builder", got ".*stranger"/,
  'bundle of another stack': /not enough verified log entries/,
  'bundle without log entry': /not enough verified log entries/,
} as const satisfies Reasons;

export function describePolicyController(of: () => Ground, post: Post): void {
  const events = eventsOf(of);
  const { check } = post;
  const judgesAll = () => {
    post.admits('sig', 'sig by cosign 3', 'sig without timestamp');
    post.refusesEach(why);
  };

  beforeAll(() => post.open());

  describe('by URL and first root', () => {
    beforeAll(async () => {
      const began = performance.now();
      await post.follow('What it trusts');
      post.says(`exported, applied and Ready in ${secondsSince(began)} s`);
      await post.follow('What it asks for');
      await post.until('sig', true);
    });
    judgesAll();
    check('runs a Pod of an image that it admits', () => post.runs('sig'));
    check('refuses unsigned in an init container', async () =>
      refuses(await post.judgeBeside('unsigned', 'sig'), why.unsigned),
    );
    check('refuses unsigned in a container that is added to a Pod', async () =>
      refuses(await post.judgeInto('unsigned'), /must be an image digest/),
    );
    check('tells how long it takes', () => post.saysLatency('sig'));
    describeOwnNamespaces(of, post, {
      file: 'policy-controller-policy.yaml',
      pattern: /glob: .*/,
      all: 'glob: "**"',
    });
  });

  describe('when the metadata is signed again and the root is rotated', () => {
    beforeAll(async () => {
      await events.refresh();
      await events.rotateRoot();
      await post.follow('After a rotation');
    });
    post.admits('sig');
    post.refuses(why.unsigned, 'unsigned');
  });

  describe("when Fulcio's CA is replaced", () => {
    let image: string;
    beforeAll(async () => {
      await events.replaceCa();
      image = await of().image('pc/after-ca:1', { format: 'sig' });
    });
    check('admits what the new one certified, once it has looked', async () => {
      refuses(await post.judge({ image }), /certificate signed by unknown authority/);
      await post.follow('After a rotation');
      const took = await post.until({ image }, true);
      post.says(`a CA that was replaced is trusted ${took.toFixed(1)} s after the command`);
    });
    post.admits('sig');
  });

  describe('when the TUF server is down', () => {
    let image: string;
    beforeAll(async () => {
      image = await of().image('pc/before-down:1', { format: 'sig' });
      await events.tufServer(0);
    });
    post.admits('sig');
    check('goes on when it looks in vain', async () => {
      await post.follow('After a rotation');
      admits(await post.judge({ image }));
    });
    check('goes on after its own start', async () => {
      await post.restart();
      await post.until({ image }, true);
      refuses(await post.judge('unsigned'), why.unsigned);
    });

    describe('and the repository is in the TrustRoot', () => {
      beforeAll(async () => {
        const began = performance.now();
        await post.follow('Without the TUF server');
        post.says(
          `the repository in the TrustRoot, right after its own start: ${secondsSince(began)} s`,
        );
        await post.restart();
        await post.until('sig', true);
      });
      judgesAll();
      check('admits what was signed after the CA was replaced', async () =>
        admits(await post.judge({ image })),
      );
    });
  });

  describe('when the TUF server is back', () => {
    beforeAll(async () => {
      await events.tufServer(1);
      await post.follow('What it trusts');
    });
    post.admits('sig');
  });

  describe('with bundles', () => {
    beforeAll(async () => {
      await post.follow('Bundles, as cosign 3 writes them');
      await post.until('bundle', true);
    });
    post.admits('bundle', 'bundle without timestamp');
    post.refusesEach(whyBundles);
    check('tells its memory', () => post.saysMemory());
  });
}

/** What it says of images whose certificates ended long ago. */
export function describeOldForPolicyController(post: Post): void {
  beforeAll(() => post.follow('What it asks for'));
  post.admits('sig', 'sig by cosign 3', 'sig without timestamp');
  post.refuses(why.unsigned, 'unsigned');

  describe('with the policy that asks for a timestamp', () => {
    beforeAll(async () => {
      await post.follow('And a timestamp');
      await post.until('sig without timestamp', false);
    });
    post.admits('sig');
    post.refuses(/expired|timestamp/, 'sig without timestamp');
    post.refuses(why['sig without log entry'], 'sig without log entry');
  });
}
