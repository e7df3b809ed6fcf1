/** TCP ports of this machine: is one free, and who has it. */
import { readdir, readFile, readlink } from "node:fs/promises";
import net from "node:net";

/** Could a program listen on 127.0.0.1:port now? */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** Process id and name of who listens on the port, where the kernel tells. */
export async function portHolder(port: number): Promise<string | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const inode = tables
    .map((table) => listenerInode(table, port))
    .find((found) => found !== undefined);
  if (inode === undefined) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const handle of handles) {
      const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => "");
      if (target !== `socket:[${inode}]`) continue;
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      return `process ${pid} (${name.trim()})`;
    }
  }
  return undefined;
}

/** The inode of the listening socket (state 0A) in the text of /proc/net/tcp; pure. */
export function listenerInode(table: string, port: number): string | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  for (const line of table.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === "0A" && fields[1]?.endsWith(`:${wanted}`) === true) return fields[9];
  }
  return undefined;
}
