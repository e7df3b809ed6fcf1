/**
 * The way into a cluster that kubectl gives, for looking only: objects are read, a command that only reads
 * runs in a pod, and a listener of a pod is reached through a forwarded port.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type net from "node:net";
import { createInterface } from "node:readline";
import { run } from "../../base/process.ts";
import { connectTo } from "./listener.ts";

export interface PodPlace {
  readonly namespace: string;
  readonly pod: string;
}

export interface Kubectl {
  readonly program: string;
  /** Before every other argument, such as `kubectl --context x`. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Forward {
  readonly connect: (port: number) => Promise<net.Socket>;
  readonly close: () => void;
}

/** A cluster that answers at all does so at once; one that is away must not hold the report up. */
const ANSWER_MS = 30_000;
const FORWARD_MS = 15_000;

/** In the images of our own programs. */
export const NODE = "/usr/local/bin/node";

export class Cluster {
  readonly #kubectl: Kubectl;
  readonly #signal: AbortSignal;

  constructor(kubectl: Kubectl, signal: AbortSignal) {
    this.#kubectl = kubectl;
    this.#signal = signal;
  }

  /** Objects of one kind in a namespace. Throws with what kubectl says where it cannot have them. */
  async list<T>(kind: string, namespace: string): Promise<readonly T[]> {
    const args = ["get", kind, "-n", namespace, "-o", "json"];
    const { code, stdout, stderr } = await this.#run(args, ANSWER_MS);
    if (code !== 0) throw new Error(lastLine(stderr));
    return (JSON.parse(stdout) as { items: T[] }).items;
  }

  /** Standard output of a command in a container, line by line; throws where it ends with a fault. */
  async *lines(
    place: PodPlace & { readonly container: string },
    command: readonly string[],
    limitMs: number,
  ): AsyncGenerator<string> {
    const { namespace, pod, container } = place;
    const args = ["exec", "-n", namespace, pod, "-c", container, "--", ...command];
    const child = this.#start(args, AbortSignal.timeout(limitMs));
    let said = "";
    child.stderr?.on("data", (chunk) => {
      said = (said + chunk).slice(-2_000);
    });
    const ended = new Promise<number | string>((resolve) => {
      child.once("error", (cause) => resolve(cause.message));
      child.once("close", (code) => resolve(code ?? "it was ended"));
    });
    try {
      if (child.stdout !== null) yield* createInterface({ input: child.stdout });
      const code = await ended;
      if (code !== 0) throw new Error(lastLine(said) || String(code));
    } finally {
      child.kill();
    }
  }

  /** Connections to ports of a pod; opened when first asked for, and again where it broke. */
  forward({ namespace, pod }: PodPlace, ports: readonly number[]): Forward {
    let open: Promise<Opened> | null = null;
    const opened = async () => {
      const current = await open?.catch(() => null);
      if (current === null || current === undefined || current.child.exitCode !== null) {
        const args = ["port-forward", "--address", "127.0.0.1", "-n", namespace, `pod/${pod}`];
        open = whenOpen(this.#start([...args, ...ports.map((one) => `:${one}`)]), ports);
      }
      return open as Promise<Opened>;
    };
    return {
      connect: async (port) => connectTo("127.0.0.1", (await opened()).ports.get(port) ?? 0),
      close: () => void open?.then(({ child }) => child.kill()).catch(() => {}),
    };
  }

  #run(args: readonly string[], limitMs: number) {
    const { program, args: first, environment } = this.#kubectl;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(limitMs)]);
    return run(program, [...first, ...args], { env: { ...environment }, signal });
  }

  #start(args: readonly string[], limit?: AbortSignal): ChildProcess {
    const { program, args: first, environment } = this.#kubectl;
    const signal = limit === undefined ? this.#signal : AbortSignal.any([this.#signal, limit]);
    const child = spawn(program, [...first, ...args], {
      ...{ env: { ...environment }, signal },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.on("error", () => {});
    return child;
  }
}

interface Opened {
  readonly child: ChildProcess;
  /** The pod's port → ours. */
  readonly ports: ReadonlyMap<number, number>;
}

function whenOpen(child: ChildProcess, wanted: readonly number[]): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const ports = new Map<number, number>();
    let said = "";
    const fail = (text: string) => {
      reject(new Error(text));
      child.kill();
    };
    const timer = setTimeout(() => fail("the port was not forwarded in time"), FORWARD_MS);
    child.stdout?.on("data", (chunk) => {
      said += chunk;
      for (const [, own, port] of said.matchAll(/127\.0\.0\.1:(\d+) -> (\d+)/g)) {
        ports.set(Number(port), Number(own));
      }
      if (!wanted.every((one) => ports.has(one))) return;
      clearTimeout(timer);
      resolve({ child, ports });
    });
    let fault = "";
    child.stderr?.on("data", (chunk) => {
      fault = (fault + chunk).slice(-2_000);
    });
    child.once("error", ({ message }) => fail(message));
    child.once("close", () => {
      clearTimeout(timer);
      fail(lastLine(fault) || "kubectl port-forward ended");
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
