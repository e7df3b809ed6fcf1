/**
 * Proof that network policies hold: from inside a gateway's pod, connections that a policy allows must come
 * about, and connections that none allows must not, although somebody listens there. A cluster whose network
 * ignores policies takes the objects all the same.
 */
import { type Cluster, NODE, type PodPlace } from "./cluster.ts";
import { reasonOf } from "./listener.ts";
import type { Shown } from "./shown.ts";

export interface Target {
  /** `prometheus.monitoring.svc`. */
  readonly host: string;
  readonly port: number;
  readonly allowed: boolean;
}

/** Every service of these is looked for; what a stack does not have is not asked. */
export interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
  };
}

const TITLE = { zh: "网络策略生效（实测连接）", en: "Network policies hold, by trying" };
const TRY_MS = 3_000;
const LIMIT_MS = 60_000;

/** Opens a connection and says nothing on it. */
const TRY_CONNECTIONS = `
const net = require("node:net");
const targets = JSON.parse(process.argv[1]), waitMs = Number(process.argv[2]);
Promise.all(targets.map(({ host, port }) => new Promise((resolve) => {
  const end = (said) => { socket.destroy(); resolve({ host, port, said }); };
  const socket = net.connect({ host, port });
  socket.setTimeout(waitMs, () => end("no answer"));
  socket.once("connect", () => end("connected"));
  socket.once("error", ({ code, message }) => end(code || message));
}))).then((all) => process.stdout.write(JSON.stringify(all) + "\\n"));
`;

/**
 * What a gateway may ask is its stores and models; nothing lets it ask those who watch it, or the exporters
 * beside the stores. What stands elsewhere is left out, since a site's own settings may allow it.
 */
export function targetsOf(services: readonly Service[]): Target[] {
  return services.flatMap(({ metadata: { name, namespace }, spec }) => {
    const forbidden = /^(prometheus|alertmanager|(redis|postgres)-metrics)$/.test(name);
    const allowed = !forbidden && /^(redis|postgres|model-)/.test(name);
    if (!allowed && !forbidden) return [];
    return (spec.ports ?? [])
      .filter(({ protocol }) => protocol === undefined || protocol === "TCP")
      .slice(0, 1)
      .map(({ port }) => ({ host: `${name}.${namespace}.svc`, port, allowed }));
  });
}

export interface WallsQuestion {
  /** null: there is no way to it, because of `without`. */
  readonly from: (PodPlace & { readonly cluster: Cluster }) | null;
  readonly without: string;
  readonly targets: readonly Target[];
  readonly now: Date;
}

interface Tried {
  readonly host: string;
  readonly port: number;
  readonly said: string;
}

/** What a wall does to a connection: it swallows it, or turns it away. */
const STOPPED = new Set([
  "no answer",
  "ETIMEDOUT",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EACCES",
  "EPERM",
]);

export async function wallsProof(question: WallsQuestion): Promise<Shown> {
  const { from, targets, now, without } = question;
  if (from === null) return shown(now, "gateway", [without], []);
  const on = `${from.namespace}/${from.pod}`;
  try {
    const asked = JSON.stringify(targets.map(({ host, port }) => ({ host, port })));
    const command = [NODE, "-e", TRY_CONNECTIONS, asked, String(TRY_MS)];
    let text = "";
    for await (const line of from.cluster.lines(
      { ...from, container: "gateway" },
      command,
      LIMIT_MS,
    )) {
      text += line;
    }
    return judgeWalls(now, on, targets, JSON.parse(text) as Tried[]);
  } catch (cause) {
    return shown(now, on, [reasonOf(cause)], []);
  }
}

export function judgeWalls(
  now: Date,
  on: string,
  targets: readonly Target[],
  tried: readonly Tried[],
): Shown {
  const said = ({ host, port }: Target) =>
    tried.find((one) => one.host === host && one.port === port)?.said ?? "not tried";
  const forbidden = targets.filter(({ allowed }) => !allowed);
  const allowed = targets.filter((one) => one.allowed);
  const open = forbidden.filter((one) => said(one) === "connected");
  const through = allowed.filter((one) => said(one) === "connected");
  const faults = open.map(
    ({ host, port }) => `not enforced: ${host}:${port} is reached, and no policy allows it`,
  );
  const stopped = forbidden.filter((one) => STOPPED.has(said(one)));
  const unclear = [
    ...(forbidden.length === 0 ? ["there is no service that a gateway must not reach"] : []),
    // Without one that comes about, a refusal could be the trying's own fault.
    ...(through.length === 0
      ? ["no allowed connection came about, so that refusals prove nothing"]
      : []),
    ...forbidden
      .filter((one) => !open.includes(one) && !stopped.includes(one))
      .map((one) => `${one.host}:${one.port} was not tried: ${said(one)}`),
  ];
  return {
    ...shown(now, on, [], tried),
    result: faults.length > 0 ? "fail" : unclear.length > 0 ? "notEvaluated" : "pass",
    figures: {
      "allowed connections": `${through.length} of ${allowed.length}`,
      "forbidden connections that were stopped": `${stopped.length} of ${forbidden.length}`,
    },
    findings: [...faults, ...unclear],
  };
}

function shown(now: Date, on: string, findings: readonly string[], tried: readonly Tried[]): Shown {
  return {
    ...{ id: "network-policies", control: "default-deny", title: TITLE, on, at: now.toISOString() },
    ...{ result: "notEvaluated", figures: {}, findings },
    raw: tried.length === 0 ? null : { at: now.toISOString(), from: on, tried },
  };
}
