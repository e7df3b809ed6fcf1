/**
 * Starts a real control plane for tests: etcd, the API server and the controller manager of the
 * cluster's own binary, on free loopback ports, in a folder that is removed at the end. There is
 * no node: tests play the kubelet by patching the status of pods, or leave that to kwok.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runOrThrow } from "../../../base/process.ts";
import { stages } from "../../../cluster/gpu-nodes.ts";

export interface TestApiServer {
  readonly kubeconfig: string;
  readonly server: string;
  /** Runs kubectl against it and returns what it prints. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Ends the API server the hard way; the rest goes on. */
  killApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

interface Layout {
  readonly kube: string;
  readonly dir: string;
  readonly token: string;
  readonly ports: { readonly etcd: number; readonly peer: number; readonly api: number };
}

/** A control plane is up in about 6 s on two cores; a loaded machine gets ten times that. */
const READY_MS = 60_000;

export interface TestServerOptions {
  /** The real scheduler as well. Nodes are then objects that a test makes, and nobody doubts them. */
  readonly scheduler?: boolean;
  /** The program kwok: nodes that are annotated as simulated are ready, and pods on them seem to run. */
  readonly kwok?: string;
}

/** `kube` is the multi-call binary that tools/cluster builds. */
export async function startTestApiServer(
  kube: string,
  { scheduler = false, kwok }: TestServerOptions = {},
): Promise<TestApiServer> {
  const dir = await mkdtemp(path.join(os.tmpdir(), "test-api-server-"));
  const [etcd, peer, api] = await freePorts(3);
  const token = randomBytes(24).toString("hex");
  const layout: Layout = { kube, dir, token, ports: { etcd, peer, api } as Layout["ports"] };
  const server = `https://127.0.0.1:${api}`;
  const children: ChildProcess[] = [];
  let apiServer: ChildProcess | undefined;
  const startApiServer = async () => {
    apiServer = startComponent(layout, "kube-apiserver", apiServerFlags(layout));
    children.push(apiServer);
    await untilReady(layout, server, apiServer);
  };
  const stop = async () => {
    await Promise.all(children.map((child) => end(child)));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await writeKeys(layout);
    const kubeconfig = await writeKubeconfig(layout, server);
    children.push(startComponent(layout, "etcd", etcdFlags(layout)));
    await startApiServer();
    const controllers = [...controllerFlags(layout, kubeconfig), ...(scheduler ? TRUSTED : [])];
    children.push(startComponent(layout, "kube-controller-manager", controllers));
    if (scheduler) {
      children.push(startComponent(layout, "kube-scheduler", schedulerFlags(kubeconfig)));
    }
    await untilControllersWork(layout, kubeconfig);
    if (kwok !== undefined) {
      await writeFile(path.join(dir, "kwok.yaml"), stages());
      children.push(startLogged(layout, "kwok", kwok, kwokFlags(layout, kubeconfig)));
    }
    return {
      kubeconfig,
      server,
      kubectl: (args, input) => kubectl(layout, kubeconfig, args, input),
      killApiServer: async () => {
        if (apiServer !== undefined) await end(apiServer);
      },
      startApiServer,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function kubectl(
  layout: Layout,
  kubeconfig: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const result = await runOrThrow(
    layout.kube,
    ["kubectl", "--kubeconfig", kubeconfig, "--cache-dir", path.join(layout.dir, "cache"), ...args],
    { ...(input === undefined ? {} : { input }), signal: AbortSignal.timeout(READY_MS) },
  );
  return result.stdout;
}

function etcdFlags({ dir, ports }: Layout): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.peer}`;
  return [
    `--data-dir=${path.join(dir, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // Nothing here has to survive a power cut.
    "--unsafe-no-fsync",
    "--log-level=error",
  ];
}

function apiServerFlags({ dir, ports }: Layout): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    `--secure-port=${ports.api}`,
    // It writes its own self-signed certificate here.
    `--cert-dir=${path.join(dir, "certificates")}`,
    "--service-cluster-ip-range=10.255.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${path.join(dir, "sa.pub")}`,
    `--service-account-signing-key-file=${path.join(dir, "sa.key")}`,
    `--token-auth-file=${path.join(dir, "tokens.csv")}`,
    "--authorization-mode=Node,RBAC",
  ];
}

function controllerFlags({ dir }: Layout, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--secure-port=0",
    `--service-account-private-key-file=${path.join(dir, "sa.key")}`,
    "--use-service-account-credentials=false",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ];
}

/** No kubelet reports for a node, so whoever waits for reports would take it away. */
const TRUSTED = ["--controllers=*,-node-lifecycle-controller,-taint-eviction-controller"];

function schedulerFlags(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--secure-port=0",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ];
}

function kwokFlags({ dir }: Layout, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${path.join(dir, "kwok.yaml")}`,
    "--manage-all-nodes=false",
    "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    "--node-lease-duration-seconds=40",
    "--cidr=10.0.0.1/24",
  ];
}

async function writeKeys({ dir, token }: Layout): Promise<void> {
  const key = path.join(dir, "sa.key");
  await mkdir(path.join(dir, "certificates"));
  await runOrThrow("openssl", ["genrsa", "-out", key, "2048"]);
  await runOrThrow("openssl", ["rsa", "-in", key, "-pubout", "-out", path.join(dir, "sa.pub")]);
  await writeFile(path.join(dir, "tokens.csv"), `${token},admin,admin,"system:masters"\n`, {
    mode: 0o600,
  });
}

async function writeKubeconfig({ dir, token }: Layout, server: string): Promise<string> {
  const file = path.join(dir, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    // The self-signed certificate only exists once the API server ran.
    clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  };
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return file;
}

function startComponent(layout: Layout, name: string, flags: readonly string[]): ChildProcess {
  return startLogged(layout, name, layout.kube, [name, ...flags]);
}

function startLogged(
  layout: Layout,
  name: string,
  program: string,
  args: readonly string[],
): ChildProcess {
  const log = createWriteStream(path.join(layout.dir, `${name}.log`), { flags: "a" });
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.on("error", () => {});
  return child;
}

async function untilReady(layout: Layout, server: string, child: ChildProcess): Promise<void> {
  const kubeconfig = path.join(layout.dir, "kubeconfig");
  const deadline = Date.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const log = await readFile(path.join(layout.dir, "kube-apiserver.log"), "utf8").catch(
        () => "",
      );
      throw new Error(
        `the API server at ${server} did not start:\n${log.split("\n").slice(-15).join("\n")}`,
      );
    }
    try {
      await kubectl(layout, kubeconfig, ["get", "--raw", "/readyz"]);
      return;
    } catch {
      await sleep(200);
    }
  }
}

/** Pods need the default service account, which the controllers make. */
async function untilControllersWork(layout: Layout, kubeconfig: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    try {
      await kubectl(layout, kubeconfig, ["get", "serviceaccount", "default", "-n", "default"]);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await gone;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
