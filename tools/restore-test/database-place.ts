/**
 * The other half of the pod: the container with PostgreSQL's own image, which is told by files what to
 * do (components/restore-database-script.ts). `order` is what to ask; while it is there the server runs.
 * `ended` says how it went: 0, and the answer lies in `answer`.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../base/user-error.ts";

const LOOK_MS = 200;
/** A fast shutdown of a server that nobody uses. */
const STOP_MS = 60_000;
/** So much of what it said last is told. */
const SAID_CHARACTERS = 400;

export async function askDatabase(
  folder: string,
  questions: string,
  deadline: AbortSignal,
): Promise<string> {
  const at = (name: string) => path.join(folder, name);
  await Promise.all(
    ["answer", "ended", "said", "log"].map((name) => rm(at(name), { force: true })),
  );
  await writeFile(at("order.part"), questions, { mode: 0o600 });
  await rename(at("order.part"), at("order"));
  try {
    const code = await ended(at("ended"), deadline);
    if (code === "0") return await readFile(at("answer"), "utf8");
    throw await refusal(folder, code);
  } finally {
    await rm(at("order"), { force: true });
    await ended(at("ended"), AbortSignal.timeout(STOP_MS)).catch(() => {});
  }
}

async function ended(file: string, deadline: AbortSignal): Promise<string> {
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => null);
    if (text !== null) return text.trim();
    if (deadline.aborted) {
      throw new UserError("the restored database gave no answer in time", {
        where: file,
        fix: "see the log of the container `database`; a larger log needs a longer limit",
      });
    }
    await sleep(LOOK_MS);
  }
}

/** Faults of the server, and of psql; never a line that could quote a row. */
async function refusal(folder: string, code: string): Promise<UserError> {
  const read = (name: string) => readFile(path.join(folder, name), "utf8").catch(() => "");
  const lines = `${await read("log")}\n${await read("said")}`.split("\n");
  const faults = lines.filter((line) => /\b(PANIC|FATAL|ERROR)\b/.test(line));
  const said = faults
    .filter((line) => !/starting up|not accepting connections|not yet accepting/.test(line))
    .map((line) => line.replace(/^.*?\b(PANIC|FATAL|ERROR):\s*/, ""))
    .join("; ")
    .slice(0, SAID_CHARACTERS);
  return new UserError(`the copy does not work: ${said === "" ? `it ended with ${code}` : said}`, {
    where: "the restored database",
    fix: "make a backup now, and test again; see the log of the container `database`",
  });
}
