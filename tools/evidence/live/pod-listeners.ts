/** Every port that a pod of the stack declares, as a listener behind a forwarded port. */
import type { Cluster, Forward } from "./cluster.ts";
import type { Listener } from "./listener.ts";

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
  };
  readonly status?: { readonly phase?: string };
}

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
}

/** PostgreSQL's own port, on which TLS begins after a question. */
const POSTGRES_PORT = 5432;
/** The edge's port behind a balancer. */
const BALANCED = "balanced";

export interface PodListeners {
  readonly listeners: readonly Listener[];
  readonly close: () => void;
}

export function podListeners(cluster: Cluster, pods: readonly Pod[]): PodListeners {
  const forwards: Forward[] = [];
  const listeners = pods
    .filter(({ status }) => status?.phase === "Running")
    .flatMap((pod): Listener[] => {
      const ports = portsOf(pod);
      if (ports.length === 0) return [];
      const { namespace, name } = pod.metadata;
      const numbers = ports.map(({ port }) => port);
      const forward = cluster.forward({ namespace, pod: name }, numbers);
      forwards.push(forward);
      return ports.map(({ port, title }, index) => ({
        name: `${namespace}/${name} ${title} ${port}`,
        serverName: null,
        speaks: port === POSTGRES_PORT ? "postgres" : title === BALANCED ? "proxied" : "tls",
        connect: () => forward.connect(port),
        // A forwarding program for each pod at once would need more memory than some machines have.
        ...(index === ports.length - 1 ? { close: forward.close } : {}),
      }));
    });
  const close = () => {
    for (const one of forwards) one.close();
  };
  return { listeners, close };
}

/** Of containers that run beside each other; what only prepares a pod has ended. */
function portsOf({ spec }: Pod): { port: number; title: string }[] {
  const beside = (spec.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === "Always",
  );
  return [...beside, ...spec.containers].flatMap(({ name, ports }) =>
    (ports ?? [])
      .filter(({ protocol }) => protocol === undefined || protocol === "TCP")
      .map(({ containerPort, name: title }) => ({ port: containerPort, title: title ?? name })),
  );
}
