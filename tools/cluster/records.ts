/** What the last start wrote down: the running programs and the choices they were started with. */
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { UserError } from "../base/user-error.ts";
import type { ProcessRecord } from "./processes.ts";

export type Records = readonly ProcessRecord[];

export interface Choices {
  /** Second number of the 10.x ranges. */
  readonly second: number;
  readonly gpuNodes: number;
}

export async function readRecords(dir: string): Promise<Records> {
  return (await readJson<ProcessRecord[]>(recordsFile(dir))) ?? [];
}

export async function writeRecords(dir: string, records: Records): Promise<void> {
  await writeFileAtomic(recordsFile(dir), `${JSON.stringify(records, null, 2)}\n`, 0o600);
}

export async function removeRecords(dir: string): Promise<void> {
  await rm(recordsFile(dir), { force: true });
}

export async function readChoices(dir: string): Promise<Choices | undefined> {
  return readJson<Choices>(path.join(dir, "choices.json"));
}

export async function writeChoices(dir: string, choices: Choices): Promise<void> {
  await writeFileAtomic(path.join(dir, "choices.json"), `${JSON.stringify(choices)}\n`);
}

function recordsFile(dir: string): string {
  return path.join(dir, "processes.json");
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code !== "EACCES") throw error;
    throw new UserError("only root may look at the one-node cluster", {
      where: file,
      fix: "run the command as root (sudo)",
    });
  }
}
