/**
 * Runs an image's program as a pod would, with nothing but the kernel: own mount and process
 * namespaces, a read-only root, the image's user, no capability, and memory-backed writable folders.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { extract } from "tar-stream";
import { runOrThrow } from "../base/process.ts";
import type { Recipe } from "./recipe.ts";

export interface ContainerOptions {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Host folder → path in the container, mounted writable. */
  readonly mounts?: Readonly<Record<string, string>>;
}

export interface ContainerResult {
  readonly code: number | null;
  readonly output: string;
}

/** Every file of an archive by its path; layers are found through Docker's manifest.json. */
export async function readArchiveFiles(archive: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const parser = extract();
  createReadStream(archive).pipe(parser as unknown as NodeJS.WritableStream);
  for await (const entry of parser) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
    files.set(entry.header.name, Buffer.concat(chunks));
  }
  return files;
}

/** Unpacks the layers below `folder`, as a container runtime would. */
export async function unpackImage(archive: string, folder: string): Promise<string> {
  const files = await readArchiveFiles(archive);
  const [manifest] = JSON.parse(files.get("manifest.json")?.toString() ?? "[]");
  const root = path.join(folder, "root");
  await mkdir(root, { recursive: true });
  for (const [index, layer] of (manifest.Layers as string[]).entries()) {
    const file = path.join(folder, `layer${index}.tar`);
    await writeFile(file, files.get(layer) ?? "");
    await runOrThrow("tar", ["-xpf", file, "-C", root, "--keep-directory-symlink"]);
  }
  return root;
}

const SCRIPT = `set -eu
path=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1; uid=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
  case $1 in
    *:*) mount --bind "\${1%%:*}" "$root\${1#*:}" ;;
    *) mount -t tmpfs -o "mode=700,uid=$uid,gid=$uid" tmpfs "$root$1" ;;
  esac
  shift
done
shift
mount -o remount,ro,bind "$root"
PATH=$path exec /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec="$uid:$uid" --groups= "$root" "$@"`;

/** Starts the program; the caller ends it. Leaving user 0 for good takes every capability away. */
export function startContainer(
  root: string,
  recipe: Recipe,
  options: ContainerOptions = {},
): ChildProcessWithoutNullStreams {
  const mounts = Object.entries(options.mounts ?? {}).map(([from, to]) => `${from}:${to}`);
  const mounted = Object.values(options.mounts ?? {});
  const scratch = recipe.writable.filter((folder) => !mounted.includes(folder));
  const command = options.command ?? [...recipe.entrypoint, ...(recipe.command ?? [])];
  const uid = String(recipe.user.uid);
  return spawn(
    "/usr/bin/unshare",
    [
      ...["--mount", "--pid", "--fork", "--ipc"],
      ...["/bin/sh", "-c", SCRIPT, "container", root, uid],
      ...[...mounts, ...scratch, "--", ...command],
    ],
    {
      env: {
        PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ...recipe.environment,
        ...options.environment,
      },
    },
  );
}

/**
 * Ends the first process of the namespace, and with it the whole container, as when a node loses
 * power. (Its own end of the starter would not: leaving user 0 cancels that wish.)
 */
export async function killContainer(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  for (const pid of children.split(" ").filter((one) => one !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  }
  if (children.trim() === "") child.kill("SIGKILL");
  await closed;
}

export async function runContainer(
  root: string,
  recipe: Recipe,
  options: ContainerOptions = {},
): Promise<ContainerResult> {
  const child = startContainer(root, recipe, options);
  child.stdin.end();
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output: stdout + stderr };
}
