/** The real program on loopback, with a certificate and a token of its own, for tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { freePort, type SupervisedServer, supervise } from "../servers/supervised.ts";

export const TOKEN = "a-token-of-forty-characters-for-tests-00";

export interface StartedRelay {
  readonly server: SupervisedServer;
  readonly metricsPort: number;
  /** As Alertmanager's configuration names it. */
  readonly place: {
    readonly url: string;
    readonly authorityFile: string;
    readonly tokenFile: string;
  };
  /** What it has written so far. */
  readonly log: () => string;
  readonly child: () => ChildProcess;
}

/** `folder` has tls.crt and tls.key for localhost, and ca.crt, who vouches for it and for the channels. */
export async function startRelay(
  folder: string,
  channels: readonly object[],
): Promise<StartedRelay> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const file = (name: string) => path.join(folder, name);
  await writeFile(file("relay-token"), TOKEN);
  await writeFile(file("relay-channels.json"), JSON.stringify(channels));
  const env = {
    RELAY_PORT: String(port),
    RELAY_METRICS_PORT: String(metricsPort),
    RELAY_TLS_CERT_FILE: file("tls.crt"),
    RELAY_TLS_KEY_FILE: file("tls.key"),
    RELAY_TOKEN_FILE: file("relay-token"),
    RELAY_CHANNELS_FILE: file("relay-channels.json"),
    RELAY_AUTHORITY_FILE: file("ca.crt"),
  };
  let text = "";
  let last: ChildProcess | undefined;
  const server = await supervise(port, () => {
    const main = path.join(import.meta.dirname, "main.ts");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    last = child;
    return child;
  });
  return {
    ...{ server, metricsPort, log: () => text },
    child: () => {
      if (last === undefined) throw new Error("the relay has not started");
      return last;
    },
    place: {
      url: `https://localhost:${port}`,
      authorityFile: file("ca.crt"),
      tokenFile: file("relay-token"),
    },
  };
}
