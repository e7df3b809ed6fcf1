/**
 * Traces outside our own folders: paths that containerd and the kubelet have built in. What is ours
 * is told by its content, so that a container runtime of the host's own keeps its files; a folder is
 * removed only when it is empty.
 */
import { glob, readdir, readFile, readlink, rm, rmdir } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { POD_NETWORK } from "./layout.ts";

/** containerd 1.6: sockets of its shims. */
const SHIM_SOCKETS = "/run/containerd/s";
/** The kubelet: links to the logs of running containers. */
const LOG_LINKS = "/var/log/containers";
/** libcni: a note for each interface it made. */
const NETWORK_NOTES = "/var/lib/cni/results";
/** The kubelet: where device plugins would register. */
const PLUGIN_SOCKET = "/var/lib/kubelet/device-plugins/kubelet.sock";

/** To be read before the run folder goes: each container's bundle names its shim's socket. */
export async function shimSockets(runDir: string): Promise<string[]> {
  const sockets: string[] = [];
  const pattern = "containerd/io.containerd.runtime.v2.task/*/*/address";
  for await (const file of glob(pattern, { cwd: runDir })) {
    const text = await readFile(path.join(runDir, file), "utf8").catch(() => "");
    const socket = text.trim().replace(/^unix:\/\//, "");
    if (path.dirname(socket) === SHIM_SOCKETS) sockets.push(socket);
  }
  return sockets;
}

/** For a cluster whose programs have ended. */
export async function removeTraces(runDir: string, sockets: readonly string[]): Promise<void> {
  for (const socket of sockets) await rm(socket, { force: true });
  await removeLogLinks(runDir);
  await removeNetworkNotes();
  if (!(await isListening(PLUGIN_SOCKET))) await rm(PLUGIN_SOCKET, { force: true });
  for (const folder of [SHIM_SOCKETS, LOG_LINKS, NETWORK_NOTES, path.dirname(PLUGIN_SOCKET)]) {
    if (await removeIfEmpty(folder)) await removeIfEmpty(parentOfOurs(folder));
  }
}

/** /var/log itself is never ours. */
function parentOfOurs(folder: string): string {
  return folder === LOG_LINKS ? folder : path.dirname(folder);
}

async function removeLogLinks(runDir: string): Promise<void> {
  for (const name of await entries(LOG_LINKS)) {
    const link = path.join(LOG_LINKS, name);
    const target = await readlink(link).catch(() => "");
    if (target.startsWith(`${runDir}/`)) await rm(link, { force: true });
  }
}

async function removeNetworkNotes(): Promise<void> {
  for (const name of ownNotes(await entries(NETWORK_NOTES))) {
    await rm(path.join(NETWORK_NOTES, name), { force: true });
  }
}

/** Notes are named network-container-interface; loopback's are ours where the container is; pure. */
export function ownNotes(names: readonly string[]): string[] {
  const mark = `${POD_NETWORK}-`;
  const containers = names
    .filter((name) => name.startsWith(mark))
    .map((name) => name.slice(mark.length).split("-")[0] ?? "");
  return names.filter(
    (name) => name.startsWith(mark) || containers.some((id) => name === `cni-loopback-${id}-lo`),
  );
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}

function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect({ path: socket });
    const end = (answer: boolean) => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(1_000, () => end(true));
    connection.once("connect", () => end(true));
    connection.once("error", () => end(false));
  });
}
