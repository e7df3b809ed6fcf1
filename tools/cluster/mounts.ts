/** Mounts below the cluster's folders: what the kernel has, in the order in which they come off. */
import { readFile } from "node:fs/promises";
import { run } from "../base/process.ts";

/** Mount points at or below the folders, the last mounted first; pure. */
export function mountPointsBelow(mountinfo: string, folders: readonly string[]): string[] {
  return mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point) => point !== undefined)
    .map(unescapeOctal)
    .filter((point) => folders.some((folder) => point === folder || point.startsWith(`${folder}/`)))
    .reverse();
}

/** The kernel writes blanks, tabs, line ends and backslashes as \ooo (proc(5)). */
function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_match, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

export async function mountPointsOf(folders: readonly string[]): Promise<string[]> {
  return mountPointsBelow(await readFile("/proc/self/mountinfo", "utf8"), folders);
}

/** Unmounts everything below the folders. A busy mount is detached: its users are being ended. */
export async function unmountBelow(folders: readonly string[]): Promise<void> {
  // A mount that several lie on shows again after the first; three rounds reach the ground.
  for (let round = 0; round < 3; round += 1) {
    const points = await mountPointsOf(folders);
    if (points.length === 0) return;
    for (const point of points) {
      const plain = await run("umount", ["--", point]);
      if (plain.code !== 0) await run("umount", ["-l", "--", point]);
    }
  }
}

export async function bindMount(source: string, target: string): Promise<void> {
  if ((await mountPointsOf([target])).includes(target)) return;
  const mounted = await run("mount", ["--bind", source, target]);
  if (mounted.code !== 0) throw new Error(`mount --bind ${target}: ${mounted.stderr.trim()}`);
  // Otherwise every pod mount would show a second time below `source`.
  await run("mount", ["--make-rprivate", target]);
}
