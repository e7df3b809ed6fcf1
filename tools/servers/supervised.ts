/** A server that runs as a child of ours: started, waited for, killed, started again. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

export interface SupervisedServer {
  readonly port: number;
  /** 0 while it does not run. */
  readonly pid: () => number;
  /** As kill -9, or as a stop of the machine does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

const START_ATTEMPTS = 200;
const START_PAUSE_MS = 50;

/** Starts it at once; rejects where it ends by itself or does not listen in time. */
export async function supervise(
  port: number,
  launch: () => ChildProcess,
): Promise<SupervisedServer> {
  let child: ChildProcess | null = null;
  const kill = async () => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return;
    const ended = once(ending, "exit");
    ending.kill("SIGKILL");
    await ended;
  };
  const start = async () => {
    child = launch();
    await waitForPort(port, child).catch(async (error: unknown) => {
      await kill();
      throw error;
    });
  };
  await start();
  return { port, pid: () => child?.pid ?? 0, kill, start };
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
