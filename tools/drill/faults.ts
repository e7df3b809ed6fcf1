/**
 * The faults that are put into a running stack, one by one: how each is caused, how it is mended, and
 * which alert must say so. Everything goes through kubectl, as an operator's hand would.
 */
import { X509Certificate } from "node:crypto";
import { type Authority, issueCertificate } from "../pki/authority.ts";
import { type Kubectl, NAMESPACE, type Place } from "./place.ts";

export interface FaultContext {
  readonly place: Place;
  /** The stack's own, to issue a certificate that ends soon. */
  readonly authority: Authority;
  /** What the callers' bodies carry for a model, for the simulated model servers to misbehave. */
  readonly bends: Map<string, () => object>;
  /** Callers call, or do not. */
  readonly traffic: { on: boolean };
}

export interface Fault {
  readonly name: string;
  /** Any of these says it; the first that arrives counts. */
  readonly alerts: readonly string[];
  /** The model that the alert must name, where others may have the same trouble; by its place. */
  readonly model?: number;
  /** Resolves when the fault is there, with what mends it. */
  readonly cause: (context: FaultContext) => Promise<() => Promise<void>>;
  /** Prometheus is killed so long after the cause. */
  readonly prometheusDiesAfterMs?: number;
}

/** Faults of a wave are there at once; the next wave waits until their alerts are over. */
export interface Wave {
  readonly name: string;
  /** What the alerts need at the least, and something for a busy machine. */
  readonly limitMinutes: number;
  readonly faults: readonly Fault[];
}

const GATEWAY_SECRET = "tls-gateway";
const DAYS_LEFT = 2;

export const WAVES: readonly Wave[] = [
  { name: "a simulated GPU", limitMinutes: 10, faults: [gpuFails()] },
  {
    name: "bad answers",
    limitMinutes: 15,
    faults: [
      bent("5 % of a model's calls fail", 0, ["ModelErrorRateOver2pct", "APIHighErrorRate"], () =>
        // One in twelve: more than 5 % of all ends that count.
        Math.random() < 1 / 12 ? { simulate: { error: 500 } } : {},
      ),
      bent("a model answers late (first token after 900 ms)", 1, ["FirstTokenOver500ms"], () => ({
        simulate: { ttftMs: 900 },
      })),
    ],
  },
  {
    name: "stalls and losses",
    limitMinutes: 20,
    faults: [
      bent("streams stall after three tokens", 1, ["StreamsStall", "ModelStalled"], () => ({
        simulate: { stallAfter: 3, stallMs: 50_000 },
      })),
      modelServerKilled(),
      {
        ...scaledToZero("PostgreSQL is down", "statefulset/postgres", ["PostgresAway"]),
        prometheusDiesAfterMs: 60_000,
      },
    ],
  },
  {
    // None of these needs a caller, and the last one must have none.
    name: "without callers",
    limitMinutes: 35,
    faults: [
      scaledToZero("Redis is down", "statefulset/redis", ["RedisAway", "QuotaStoreFailing"]),
      certificateExpires(),
      auditEdited(),
      memoryLeaks(),
      trafficStopped(),
    ],
  },
];

/** Callers of one model ask its simulated server to misbehave. */
function bent(name: string, index: number, alerts: readonly string[], bend: () => object): Fault {
  return {
    ...{ name, alerts, model: index },
    cause: async ({ bends, place }) => {
      const model = place.models[index] ?? "";
      bends.set(model, bend);
      return async () => void bends.delete(model);
    },
  };
}

/** Its model server is told by the next call; 79 is "fallen off the bus", 0 its reset. */
function gpuFails(): Fault {
  const told = (xid: number) => {
    let left = 1;
    return () => (left-- > 0 ? { simulate: { gpuXid: xid } } : {});
  };
  return {
    name: "a simulated GPU reports XID 79",
    alerts: ["GpuXidFatal"],
    cause: async ({ bends, place }) => {
      const model = place.models[0] ?? "";
      bends.set(model, told(79));
      return async () => void bends.set(model, told(0));
    },
  };
}

function scaledToZero(name: string, workload: string, alerts: readonly string[]): Fault {
  return {
    name,
    alerts,
    cause: async ({ place: { kubectl } }) => {
      await scale(kubectl, workload, 0);
      return () => scale(kubectl, workload, 1);
    },
  };
}

/** Killed, and kept away: one that comes back within seconds is nobody's alarm. */
function modelServerKilled(): Fault {
  return {
    name: "a model server is killed and stays away",
    alerts: ["ModelServerLeftAlone", "ModelErrorRateOver2pct", "ModelServersFail"],
    model: 0,
    cause: async ({ place: { kubectl, models } }) => {
      const workload = `deployment/model-${models[0]}`;
      await scale(kubectl, workload, 0);
      const pods = ["pod", "-l", `deepseek.local/model=${models[0]}`];
      await kubectl(["-n", NAMESPACE, "delete", ...pods, "--grace-period=0", "--force"]);
      return () => scale(kubectl, workload, 1);
    },
  };
}

async function scale(kubectl: Kubectl, workload: string, replicas: number): Promise<void> {
  await kubectl(["-n", NAMESPACE, "scale", workload, `--replicas=${replicas}`]);
}

function trafficStopped(): Fault {
  return {
    name: "callers stay away (yesterday's traffic is simulated)",
    alerts: ["TrafficGone", "NoTraffic"],
    cause: async ({ traffic }) => {
      traffic.on = false;
      return async () => {
        traffic.on = true;
      };
    },
  };
}

function certificateExpires(): Fault {
  return {
    name: `the gateways' certificate ends in ${DAYS_LEFT} days`,
    alerts: ["GatewayCertificateExpiresNow"],
    cause: async ({ place: { kubectl }, authority }) => {
      const secret = await readSecret(kubectl);
      const old = new X509Certificate(Buffer.from(secret.data["tls.crt"] ?? "", "base64"));
      const names = [...(old.subjectAltName ?? "").matchAll(/DNS:([^,]+)/g)];
      const fresh = await issueCertificate(authority, {
        commonName: "gateway",
        dnsNames: names.map(([, name = ""]) => name),
        usage: "server",
        days: DAYS_LEFT,
      });
      const base64 = (text: string) => Buffer.from(text).toString("base64");
      await writeSecret(kubectl, secret, {
        ...secret.data,
        "tls.crt": base64(fresh.certificate),
        "tls.key": base64(fresh.key),
      });
      return () => writeSecret(kubectl, secret, secret.data);
    },
  };
}

interface Secret {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
  readonly metadata: {
    readonly labels?: object;
    readonly annotations?: object;
    readonly managedFields: readonly { readonly manager: string; readonly operation: string }[];
  };
}

async function readSecret(kubectl: Kubectl): Promise<Secret> {
  const words = ["get", "secret", GATEWAY_SECRET, "-o", "json", "--show-managed-fields"];
  return JSON.parse(await kubectl(["-n", NAMESPACE, ...words])) as Secret;
}

/**
 * In the name of whoever applied it, so that its fields stay theirs. By standard input: a key is in no list
 * of processes.
 */
async function writeSecret(kubectl: Kubectl, secret: Secret, data: Secret["data"]): Promise<void> {
  const { type, metadata } = secret;
  const { labels, annotations, managedFields } = metadata;
  const owner = managedFields.find(({ operation }) => operation === "Apply")?.manager ?? "drill";
  const named = { name: GATEWAY_SECRET, namespace: NAMESPACE, labels, annotations };
  const object = { apiVersion: "v1", kind: "Secret", type, metadata: named, data };
  const words = ["apply", "--server-side", "--force-conflicts", `--field-manager=${owner}`];
  await kubectl([...words, "-f", "-"], JSON.stringify(object));
}

/** One letter, in place, so that every length and every offset stays what it was. */
function auditEdited(): Fault {
  const edit = (from: string, to: string) => `
    const fs = require("fs"), root = "/data/audit";
    const files = fs.readdirSync(root, { recursive: true }).filter((f) => f.endsWith(".jsonl")).sort();
    for (const file of files) {
      const text = fs.readFileSync(root + "/" + file, "utf8");
      const at = text.indexOf(${JSON.stringify(from)});
      if (at < 0) continue;
      const fd = fs.openSync(root + "/" + file, "r+");
      fs.writeSync(fd, ${JSON.stringify(to)}, Buffer.byteLength(text.slice(0, at)));
      fs.closeSync(fd);
      console.log(file);
      process.exit(0);
    }
    process.exit(1);`;
  const [was, made] = ['"outcome":"allowed"', '"outcome":"all0wed"'];
  return {
    name: "one event of the audit trail is edited on the disk",
    alerts: ["AuditChainBroken"],
    cause: async ({ place: { kubectl } }) => {
      await inGateway(kubectl, "gateway-0", edit(was, made));
      return async () => void (await inGateway(kubectl, "gateway-0", edit(made, was)));
    },
  };
}

/** Through Node's own inspector, which listens on the pod's loopback after SIGUSR1. */
function memoryLeaks(): Fault {
  const inside = `
    globalThis.drill = []; const limit = process.constrainedMemory();
    globalThis.drillTimer = setInterval(() => {
      if (process.memoryUsage.rss() < 0.88 * limit) drill.push(Buffer.alloc(2 << 20, 1));
    }, 500); drill.length`;
  return {
    name: "a gateway leaks memory (4 MiB a second)",
    alerts: ["GatewayMemoryNearlyFull", "GatewayMemoryGrows"],
    cause: async ({ place: { kubectl } }) => {
      await inGateway(kubectl, "gateway-1", inspected(inside));
      const mend = "clearInterval(globalThis.drillTimer); globalThis.drill.length = 0";
      return async () => {
        await inGateway(kubectl, "gateway-1", inspected(mend));
        // Pages that were freed may stay with the process; a person would restart it, too.
        await kubectl(["-n", NAMESPACE, "delete", "pod", "gateway-1", "--wait=false"]);
      };
    },
  };
}

function inspected(expression: string): string {
  return `
    process.kill(1, "SIGUSR1");
    const pause = (ms) => new Promise((r) => setTimeout(r, ms));
    (async () => {
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          const [target] = await (await fetch("http://127.0.0.1:9229/json")).json();
          const socket = new WebSocket(target.webSocketDebuggerUrl);
          socket.onopen = () => socket.send(JSON.stringify({
            id: 1, method: "Runtime.evaluate", params: { expression: ${JSON.stringify(expression)} },
          }));
          socket.onmessage = ({ data }) => { console.log(data); process.exit(0); };
          return;
        } catch { await pause(100); }
      }
      process.exit(1);
    })();`;
}

function inGateway(kubectl: Kubectl, pod: string, script: string): Promise<string> {
  return kubectl(["-n", NAMESPACE, "exec", pod, "-c", "gateway", "--", "node", "-e", script]);
}
