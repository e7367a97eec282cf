/** What tells one object of a cluster from all others. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** An object that is in the cluster. */
export interface Found extends Identity {
  readonly uid: string;
  /** Whether a controller made it, which deletes it as well. */
  readonly owned?: boolean;
  /** Whether it bears the stack's label. */
  readonly ours?: boolean;
}

/** What npm start made in a cluster that others made. */
export interface Made {
  /** Without a uid where it was about to be made, and nobody has looked since. */
  readonly objects: readonly (Identity & { readonly uid?: string | undefined })[];
  /** What has the stack's label and was there before: the Jobs' Secrets of a stack that ran. */
  readonly before: readonly string[];
}

/** An object in words, which are another's in no cluster. */
export function title({ apiVersion, kind, namespace, name }: Identity): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  return `${kind}${group} ${namespace ? `${namespace}/` : ''}${name}`;
}

/**
 * The record with what is new: what is `wanted` and not there is about to be made; what is there
 * and was about to be made, is that object from then on.
 */
export function noted(
  earlier: Made | undefined,
  wanted: readonly Identity[],
  found: readonly Found[],
  labelled: readonly Found[],
): Made {
  const there = new Map(found.map((one) => [title(one), one]));
  const known = new Set(earlier?.objects.map(title));
  const coming = wanted.filter((one) => !there.has(title(one)) && !known.has(title(one)));
  return {
    objects: [
      ...(earlier?.objects ?? []).map((one) => ({
        ...one,
        uid: one.uid ?? there.get(title(one))?.uid,
      })),
      ...coming,
    ],
    before: earlier?.before ?? labelled.map(title),
  };
}

/** What npm stop deletes, and what it leaves, with the reason. */
export interface Removal {
  readonly deleted: readonly Found[];
  readonly left: readonly string[];
}

/** What a namespace has that nobody put there. */
const everywhere =
  /^(ConfigMap \S+\/(kube-root-ca\.crt|istio-ca-root-cert|openshift-service-ca\.crt)|Secret \S+\/(default|builder|deployer)-\S+)$/;

/**
 * Deletes what the record names, and what the Jobs among it wrote. A namespace goes where it holds
 * nothing of others; `inside` is what the stack's namespaces hold.
 */
export function removal(made: Made, found: readonly Found[], inside: readonly Found[]): Removal {
  const recorded = new Map(made.objects.map((one) => [title(one), one]));
  const isMade = (one: Found) => {
    const record = recorded.get(title(one));
    return record !== undefined && (record.uid === undefined || record.uid === one.uid);
  };
  const mine = found.filter(isMade);
  const foreign = inside.filter(
    (one) => !one.ours && !one.owned && !recorded.has(title(one)) && !everywhere.test(title(one)),
  );
  const namespaces = mine.filter(({ kind }) => kind === 'Namespace');
  const holding = (name: string) => foreign.filter(({ namespace }) => namespace === name);
  const whole = namespaces.filter(({ name }) => holding(name).length === 0);
  const goes = new Set<string | undefined>(whole.map(({ name }) => name));

  const working = new Set(
    mine.filter(({ kind }) => /^(Job|CronJob|StatefulSet)$/.test(kind)).map((one) => one.namespace),
  );
  const written = inside.filter(
    (one) =>
      one.ours &&
      /^(Secret|ConfigMap|PersistentVolumeClaim)$/.test(one.kind) &&
      working.has(one.namespace) &&
      !recorded.has(title(one)) &&
      !made.before.includes(title(one)),
  );
  const single = [...mine.filter(({ kind }) => kind !== 'Namespace'), ...written];
  const stays = found.filter((one) => !isMade(one) && !goes.has(one.namespace));
  return {
    deleted: [...single.filter(({ namespace }) => !goes.has(namespace)), ...whole],
    left: [
      ...namespaces
        .filter((one) => !whole.includes(one))
        .map(
          (one) =>
            `${title(one)}: it holds ${list(holding(one.name))}, which npm start did not make`,
        ),
      ...reason(
        stays.filter((one) => !recorded.has(title(one))),
        'there before npm start',
      ),
      ...reason(
        stays.filter((one) => recorded.has(title(one))),
        'deleted and made anew by others since',
      ),
    ],
  };
}

function reason(objects: readonly Found[], why: string): string[] {
  if (objects.length === 0) return [];
  return [`${list(objects)}: ${objects.length === 1 ? 'it was' : 'they were'} ${why}`];
}

function list(objects: readonly Identity[]): string {
  const most = 5;
  const more = objects.length > most ? ` and ${objects.length - most} more` : '';
  return objects.slice(0, most).map(title).join(', ') + more;
}
