/** For tests: a kubectl that has a cluster's objects from files and runs commands of pods on this machine. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { Cluster } from "./cluster.ts";

export interface FakeCluster {
  /** What a command in a pod finds around itself. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Kind → objects. */
  readonly objects?: Readonly<Record<string, readonly object[]>>;
  /** Port of a pod → port on this machine. */
  readonly ports?: Readonly<Record<number, number>>;
}

/** Writes the program into the folder. */
export function fakeKubectl(folder: string, fake: FakeCluster): Cluster {
  const program = path.join(folder, "kubectl.mjs");
  writeFileSync(path.join(folder, "cluster.json"), JSON.stringify(fake));
  writeFileSync(program, PROGRAM);
  const environment = { ...fake.environment, FAKE_CLUSTER: path.join(folder, "cluster.json") };
  const kubectl = { program: process.execPath, args: [program], environment };
  return new Cluster(kubectl, AbortSignal.timeout(60_000));
}

const PROGRAM = `
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
const fake = JSON.parse(readFileSync(process.env.FAKE_CLUSTER, "utf8"));
const [verb, ...rest] = process.argv.slice(2);
if (verb === "get") {
  const [kind, , namespace] = rest;
  const items = fake.objects?.[kind];
  if (items === undefined) {
    process.stderr.write("error: the server doesn't have a resource type " + kind + "\\n");
    process.exit(1);
  }
  process.stdout.write(JSON.stringify({ items: items.filter(({ metadata }) => metadata.namespace === namespace) }));
} else if (verb === "exec") {
  // The program's path is the image's.
  const [, ...args] = rest.slice(rest.indexOf("--") + 1);
  spawn(process.execPath, args, { stdio: "inherit" }).on("close", (code) => process.exit(code));
} else if (verb === "port-forward") {
  for (const text of rest.filter((one) => one.startsWith(":"))) {
    const port = Number(text.slice(1));
    const server = net.createServer((socket) => {
      const target = net.connect(fake.ports[port] ?? 1, "127.0.0.1");
      // As kubectl does: the first connection that breaks ends it.
      target.on("error", () => process.exit(1));
      socket.on("error", () => target.destroy());
      socket.pipe(target).pipe(socket);
    });
    server.listen(0, "127.0.0.1", () => {
      process.stdout.write("Forwarding from 127.0.0.1:" + server.address().port + " -> " + port + "\\n");
    });
  }
}
`;
