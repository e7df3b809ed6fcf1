/** Asks a program whether it is ready. Every question ends within two seconds. */
import { readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { certificateFile, keyFile } from "./certificates.ts";
import type { Probe } from "./daemons.ts";
import type { Layout } from "./layout.ts";

const TIMEOUT_MS = 2_000;

/** Undefined when ready, else what is wrong. */
export async function askProbe(layout: Layout, probe: Probe): Promise<string | undefined> {
  try {
    switch (probe.kind) {
      case "socket":
        return await connects(probe.path);
      case "unix":
        return await healthy(http.get({ socketPath: probe.path, path: probe.url }));
      case "http":
        return await healthy(http.get({ host: "127.0.0.1", port: probe.port, path: probe.url }));
      case "https":
        return await healthy(
          https.get({
            host: "127.0.0.1",
            port: probe.port,
            path: probe.url,
            ca: await readFile(certificateFile(layout, probe.authority)),
            ...(probe.client === undefined
              ? {}
              : {
                  cert: await readFile(certificateFile(layout, probe.client)),
                  key: await readFile(keyFile(layout, probe.client)),
                }),
            agent: false,
          }),
        );
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function healthy(request: http.ClientRequest): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error("no answer")));
    request.once("error", reject);
    request.once("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text = (text + chunk).slice(0, 4096);
      });
      answer.once("error", reject);
      answer.once("end", () => {
        const ready = (answer.statusCode ?? 500) < 400;
        resolve(ready ? undefined : (firstFault(text) ?? `status ${answer.statusCode}`));
      });
    });
  });
}

/** `/readyz` lists its checks; the failing one begins with [-]. */
function firstFault(text: string): string | undefined {
  const lines = text.trim().split("\n");
  return (lines.find((line) => line.startsWith("[-]")) ?? lines[0])?.slice(0, 160);
}

function connects(path: string): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
