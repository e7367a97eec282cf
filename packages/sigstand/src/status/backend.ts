/** A Service, as far as it is read here. */
export interface Service {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[];
  };
}

/** A Pod, as far as it is read here. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A Pod behind a Service that is ready, and its own number of the Service's port; undefined where there is none. */
export function backendOf(
  { spec }: Service,
  pods: readonly Pod[],
  port: number,
): { pod: string; port: number } | undefined {
  const entry = spec?.ports?.find((one) => one.port === port);
  const pod = pods.find(isReady);
  if (entry === undefined || pod === undefined) return undefined;
  const target = entry.targetPort ?? entry.port;
  const number =
    typeof target === 'number'
      ? target
      : pod.spec?.containers
          ?.flatMap(({ ports }) => ports ?? [])
          .find(({ name }) => name === target)?.containerPort;
  return number === undefined ? undefined : { pod: pod.metadata.name, port: number };
}

/** Whether a Pod takes connections. */
export function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True');
  return ready === true && metadata.deletionTimestamp === undefined;
}
