/**
 * Yesterday's traffic for a stack that is younger: alerts that compare with yesterday say nothing before.
 * Written as blocks of Prometheus beside its own, which it finds within a minute. Simulated, and said so.
 */
import { chown, cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { run } from "../base/process.ts";
import { silentProgress } from "../base/progress.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import type { Kubectl } from "../drill/place.ts";

const RATE = "api:requests:rate5m";
/** Of the drill's own callers, about. */
const CALLS_PER_SECOND = 4;
const HOUR = 3_600;
/** From a day and two hours ago until a little before the stack may have begun. */
const SPAN = [26 * HOUR, 3 * HOUR] as const;
const STEP = 60;
const CLAIM = "data-prometheus-0";
/** Who Prometheus runs as, in its image and in its pod. */
const UID = 10_001;

export async function simulateYesterday(kubectl: Kubectl, now = new Date()): Promise<void> {
  const target = await volumeOf(kubectl);
  const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-history-"));
  try {
    const file = path.join(folder, "history.txt");
    await writeFile(file, history(Math.floor(now.getTime() / 1000)));
    const blocks = path.join(folder, "blocks");
    await mkdir(blocks);
    const { root } = await ensurePackages(["prometheus"], { progress: silentProgress });
    const promtool = path.join(root, "usr/bin/promtool");
    const words = ["tsdb", "create-blocks-from", "openmetrics", file, blocks];
    const { code, stderr } = await run(promtool, words, { env: { ...environmentFor(root) } });
    if (code !== 0) throw new Error(`promtool: ${stderr.trim()}`);
    for (const name of await readdir(blocks)) await place(path.join(blocks, name), target, name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function history(now: number): string {
  const [from, to] = SPAN;
  const lines = [`# TYPE ${RATE} gauge`];
  for (let ago: number = from; ago > to; ago -= STEP) {
    lines.push(`${RATE} ${CALLS_PER_SECOND} ${now - ago}`);
  }
  return `${[...lines, "# EOF"].join("\n")}\n`;
}

/** Whole or not at all: Prometheus looks into the folder at any time. */
async function place(block: string, target: string, name: string): Promise<void> {
  const partial = path.join(target, `${name}.tmp-for-creation`);
  await cp(block, partial, { recursive: true });
  for (const entry of ["", ...(await readdir(partial, { recursive: true }))]) {
    await chown(path.join(partial, entry), UID, UID);
  }
  await rename(partial, path.join(target, name));
}

async function volumeOf(kubectl: Kubectl): Promise<string> {
  const { items } = JSON.parse(await kubectl(["get", "persistentvolumes", "-o", "json"])) as {
    readonly items: readonly {
      readonly spec: {
        readonly local?: { readonly path: string };
        readonly claimRef?: { readonly name: string };
      };
    }[];
  };
  const found = items.find(({ spec }) => spec.claimRef?.name === CLAIM)?.spec.local?.path;
  if (found === undefined) throw new Error(`no local volume is bound to ${CLAIM}`);
  return found;
}
