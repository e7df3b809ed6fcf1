/** Asks this machine, reads a recording, or makes one. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../base/process.ts";
import { UserError } from "../base/user-error.ts";
import type { Texts } from "./observe.ts";
import { FIELDS } from "./smi-fields.ts";

// nvidia-smi takes 1 to 10 s with eight GPUs and no persistence; one whose system processor hangs never answers.
const SMI_TIMEOUT_MS = 60_000;
const LOG_TIMEOUT_MS = 20_000;

/** Names in a recording. Only the first must be there. */
const FILES = {
  xml: "query.xml",
  xmlErrors: "query.err",
  fields: "fields.csv",
  kernelLog: "kernel.log",
  takenAt: "taken-at.txt",
} as const;

// The log as dates with a zone; dmesg where no journal is kept or may be read.
const LOG_COMMANDS: readonly (readonly string[])[] = [
  ["journalctl", "--dmesg", "--boot", "--output=short-iso", "--no-pager", "--quiet"],
  ["dmesg", "--time-format=iso"],
];

export async function askMachine(smi: string): Promise<Texts> {
  const query = await askSmi(smi, ["-q", "-x"]);
  const fields = await askSmi(smi, [`--query-gpu=${FIELDS.join(",")}`, "--format=csv,nounits"]);
  return {
    where: smi,
    xml: query.stdout,
    xmlErrors: query.stderr,
    fields: fields.stdout === "" ? null : `${fields.stdout}${fields.stderr}`,
    kernelLog: await kernelLog(),
    takenAt: new Date(),
  };
}

async function askSmi(smi: string, args: readonly string[]) {
  try {
    return await run(smi, args, { signal: AbortSignal.timeout(SMI_TIMEOUT_MS) });
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "EACCES") {
      throw new UserError("nvidia-smi is not there", {
        where: smi,
        fix: "run this on a node with the NVIDIA driver, name the program with --smi FILE, or read a recording with --from FOLDER",
      });
    }
    if (error instanceof Error && error.name === "AbortError") {
      throw new UserError(`nvidia-smi did not answer within ${SMI_TIMEOUT_MS / 1000} s`, {
        where: smi,
        fix: "look at `dmesg | grep NVRM`: a GPU hangs (XID 119 or 79 say which); drain and restart the node",
      });
    }
    throw error;
  }
}

async function kernelLog(): Promise<string | null> {
  for (const [command = "", ...args] of LOG_COMMANDS) {
    const result = await run(command, args, { signal: AbortSignal.timeout(LOG_TIMEOUT_MS) }).catch(
      () => null,
    );
    // An empty journal is one that this user may not read: the kernel always has something to say.
    if (result?.code === 0 && result.stdout.trim() !== "") return result.stdout;
  }
  return null;
}

export async function readRecording(folder: string): Promise<Texts> {
  const text = (name: string) => readFile(path.join(folder, name), "utf8");
  const optional = (name: string) => text(name).catch(() => null);
  const xml = await text(FILES.xml).catch(() => {
    throw new UserError(`there is no ${FILES.xml}`, {
      where: folder,
      fix: "make a recording with --record FOLDER, or as docs/gpu-check.md says",
    });
  });
  const takenAt = await optional(FILES.takenAt);
  return {
    where: path.join(folder, FILES.xml),
    xml,
    xmlErrors: (await optional(FILES.xmlErrors)) ?? "",
    fields: await optional(FILES.fields),
    kernelLog: await optional(FILES.kernelLog),
    takenAt: takenAt === null ? null : dateOf(takenAt, path.join(folder, FILES.takenAt)),
  };
}

export async function writeRecording(folder: string, texts: Texts): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, content: string | null) =>
    content === null ? undefined : writeFile(path.join(folder, name), content);
  await write(FILES.xml, texts.xml);
  await write(FILES.xmlErrors, texts.xmlErrors);
  await write(FILES.fields, texts.fields);
  await write(FILES.kernelLog, texts.kernelLog === null ? null : onlyXids(texts.kernelLog));
  await write(FILES.takenAt, texts.takenAt === null ? null : `${texts.takenAt.toISOString()}\n`);
}

/** Of the kernel's log, which is full of other people's matters, only the driver's lines are kept. */
function onlyXids(log: string): string {
  return log
    .split("\n")
    .filter((line) => /NVRM|SXid|nvidia/i.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

function dateOf(text: string, where: string): Date {
  const date = new Date(text.trim());
  if (!Number.isNaN(date.getTime())) return date;
  throw new UserError(`"${text.trim()}" is no date`, {
    where,
    fix: "such as 2026-11-26T08:00:00Z",
  });
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}
