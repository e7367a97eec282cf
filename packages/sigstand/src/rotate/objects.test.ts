import { describe, expect, it } from 'vitest';
import { endOf, isRolledOut, jobFrom, restarting } from './objects.ts';

const whole = {
  metadata: { generation: 4 },
  spec: { replicas: 2 },
  status: { observedGeneration: 4, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
};

describe('a Deployment', () => {
  it('is rolled out where all of its Pods are new and ready', () => {
    expect(isRolledOut(whole)).toBe(true);
  });

  it.each([
    ['the controller has not seen the change', { observedGeneration: 3 }],
    ['an old Pod is left', { replicas: 3 }],
    ['a new Pod is missing', { updatedReplicas: 1 }],
    ['a new Pod is not ready', { availableReplicas: 1 }],
  ])('is not where %s', (_what, status) => {
    expect(isRolledOut({ ...whole, status: { ...whole.status, ...status } })).toBe(false);
  });

  it('starts again by what kubectl rollout restart writes', () => {
    expect(restarting(new Date('2031-01-01T00:00:00.123Z'))).toEqual({
      spec: {
        template: {
          metadata: {
            annotations: { 'kubectl.kubernetes.io/restartedAt': '2031-01-01T00:00:00Z' },
          },
        },
      },
    });
  });
});

describe('a Job', () => {
  it('is what the CronJob would make, with what people changed of it', () => {
    const pod = {
      containers: [{ image: 'x', args: ['--a'] }, { image: 'y' }],
      restartPolicy: 'Never',
    };
    const spec = { backoffLimit: 5, template: { metadata: { labels: { a: 'b' } }, spec: pod } };
    const job = { metadata: { labels: { c: 'd' } }, spec };
    const name = { namespace: 'n', name: 'm', args: [] };
    expect(jobFrom(job as never, name)).toMatchObject({
      metadata: { namespace: 'n', name: 'm', labels: { c: 'd' } },
      spec,
    });
    expect(jobFrom(job as never, { ...name, args: ['--b'] })).toMatchObject({
      spec: {
        template: { spec: { containers: [{ image: 'x', args: ['--a', '--b'] }, { image: 'y' }] } },
      },
    });
  });

  it('is the one of before once more, without what told its Pods from others', () => {
    const labels = { a: 'b', 'controller-uid': '1', 'batch.kubernetes.io/job-name': 'm' };
    const own = { 'argocd.argoproj.io/tracking-id': 'x', 'sigstand.dev/a': 'y' };
    const template = { metadata: { labels }, spec: { containers: [{ image: 'x' }] } };
    const spec = { selector: { matchLabels: labels }, template };
    const job = { metadata: { labels, annotations: own }, spec };
    const made = jobFrom(job as never, { namespace: 'n', name: 'm', args: ['--b'] });
    expect(made).toEqual({
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      metadata: {
        ...{ namespace: 'n', name: 'm', labels: { a: 'b' } },
        annotations: { 'sigstand.dev/a': 'y', 'cronjob.kubernetes.io/instantiate': 'manual' },
      },
      spec: {
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ image: 'x', args: ['--b'] }] },
        },
      },
    });
  });

  it.each([
    [undefined, {}],
    [undefined, { status: { conditions: [{ type: 'Complete', status: 'False' }] } }],
    ['done', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }],
    ['failed', { status: { conditions: [{ type: 'Failed', status: 'True' }] } }],
  ])('is %s by %j', (end, job) => {
    expect(endOf(job)).toBe(end);
  });
});
