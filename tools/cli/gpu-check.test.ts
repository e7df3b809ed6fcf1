/** `npm run gpu-check` as people and timers call it. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";

const main = path.join(import.meta.dirname, "main.ts");
const recordings = path.join(import.meta.dirname, "../gpu-check/fixtures");
const folder = mkdtempSync(path.join(os.tmpdir(), "gpu-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

function check(...args: string[]) {
  const words = ["--disable-warning=ExperimentalWarning", main, "gpu-check", ...args];
  return spawnSync(process.execPath, words, { encoding: "utf8" });
}

function from(name: string, ...args: string[]) {
  return check("--from", path.join(recordings, name), ...args);
}

/** A program in the place of nvidia-smi that answers with a recording. */
function fakeSmi(name: string): string {
  const file = path.join(folder, `smi-${name}`);
  const at = path.join(recordings, name);
  writeFileSync(
    file,
    `#!/bin/sh\ncase "$1" in -q) cat '${at}/query.xml';; *) cat '${at}/fields.csv';; esac\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

test("healthy ends with 0, broken with 1, not understood with 2", () => {
  const healthy = from("healthy", "--expect", "8");
  expect([healthy.status, healthy.stderr]).toEqual([0, ""]);
  expect(healthy.stdout).toMatch(/^0 +healthy +A100-SXM4-80GB +0000:07:00 +97 % +72\.5\/80\.0/m);
  // Not a terminal: no colours.
  expect(healthy.stdout).not.toContain("\u001b");
  const lost = from("lost");
  expect(lost.status).toBe(1);
  expect(lost.stdout).toMatch(/^✗ GPU 0000:90:00: nvidia-smi cannot open it: GPU is lost$/m);
  const truncated = from("truncated");
  expect([truncated.status, truncated.stdout]).toEqual([2, ""]);
  expect(truncated.stderr).toMatch(/mend: +record it again/);
});

test("JSON holds every GPU with its findings", () => {
  const { status, stdout } = from("row-remap-failed", "--json");
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    state: "failed",
    gpus: [{ state: "healthy" }, { state: "failed", gpu: { remapped: { failed: true } } }],
  });
});

test("the textfile has a HELP and a TYPE for each metric, no NaN, and is replaced whole", () => {
  const file = path.join(folder, "gpu.prom");
  expect(from("mig", "--textfile", file).status).toBe(0);
  expect(from("lost", "--textfile", file, "--expect", "8").status).toBe(1);
  const text = readFileSync(file, "utf8");
  const names = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const typed = /^# TYPE (\S+) (gauge|counter)$/.exec(line)?.[1];
    if (typed !== undefined) names.add(typed);
    else if (!line.startsWith("# HELP ")) {
      expect(line).toMatch(/^[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? -?\d+(\.\d+)?(e[+-]\d+)?$/);
      expect(names).toContain(/^[a-z_]+/.exec(line)?.[0]);
    }
  }
  expect(text).toContain('gpu_check_gpus{state="lost"} 1\n');
  expect(text).toContain("gpu_check_gpus_expected 8\n");
  expect(text).toContain(
    'gpu_state{gpu="0",uuid="GPU-00000000-0000-4000-8000-000000000000",state="healthy"} 1\n',
  );
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("where the GPUs cannot be asked, the textfile says so and keeps no old value", () => {
  const file = path.join(folder, "gpu.prom");
  const { status, stderr } = check("--smi", path.join(folder, "none"), "--textfile", file);
  expect([status, stderr.includes("nvidia-smi is not there")]).toEqual([2, true]);
  const text = readFileSync(file, "utf8");
  expect(text).toContain("gpu_check_success 0\n");
  expect(text).not.toContain("gpu_state");
});

test("a node is recorded, and its recording gives the same verdict", () => {
  const record = path.join(folder, "recorded");
  const live = check("--smi", fakeSmi("lost"), "--record", record, "--json");
  const again = check("--from", record, "--json");
  expect([live.status, again.status]).toEqual([1, 1]);
  // This machine's own kernel log may hold anything or be closed; the GPUs are the recording's.
  const gpus = (text: string) => JSON.parse(text).gpus.map((one: { gpu: unknown }) => one.gpu);
  expect(gpus(again.stdout)).toEqual(gpus(live.stdout));
  expect(existsSync(path.join(record, "taken-at.txt"))).toBe(true);
});

test("wrong words end with 2", () => {
  expect(from("healthy", "--textfile", path.join(folder, "gpu.txt")).stderr).toContain(".prom");
  expect(from("healthy", "--expect", "many").status).toBe(2);
  expect(check("--from", path.join(folder, "nowhere")).stderr).toContain("query.xml");
});
