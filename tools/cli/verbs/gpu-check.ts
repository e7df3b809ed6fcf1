/** What state the GPUs of this node are in: for people, for programs, for Prometheus. */
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { UserError } from "../../base/user-error.ts";
import { type Expectations, judge, type Verdict } from "../../gpu-check/judge.ts";
import { observe, type Texts } from "../../gpu-check/observe.ts";
import { askMachine, readRecording, writeRecording } from "../../gpu-check/sources.ts";
import { renderTable } from "../../gpu-check/table.ts";
import { renderFailure, renderTextfile } from "../../gpu-check/textfile.ts";
import { XID_HOURS } from "../../gpu-check/thresholds.ts";
import type { Call, Flags, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "gpu-check",
  summary: "what state the GPUs of this node are in",
  usage: "[--json] [--textfile FILE] [--expect N] [--from FOLDER]",
  examples: [
    "npm run gpu-check",
    "npm run gpu-check -- --expect 8 --textfile /var/lib/prometheus/node-exporter/gpu.prom",
    "npm run -s gpu-check -- --json > gpu.json",
    "npm run gpu-check -- --record gpu-of-node-7   (to look at elsewhere: --from gpu-of-node-7)",
  ],
  options: {
    json: { type: "boolean", help: "print one JSON object" },
    textfile: {
      type: "string",
      value: "FILE",
      help: "also write metrics for the textfile collector of Prometheus' node exporter",
    },
    expect: {
      type: "string",
      value: "N",
      help: "GPUs that this node should have; fewer is a failure",
    },
    "xid-hours": {
      type: "string",
      value: "N",
      help: `how old an XID of the kernel's log may be to count (default ${XID_HOURS})`,
    },
    from: { type: "string", value: "FOLDER", help: "read a recording instead of this node" },
    record: { type: "string", value: "FOLDER", help: "keep what was read as a recording" },
    smi: { type: "string", value: "FILE", help: "the program to ask (default nvidia-smi)" },
  },
  positionals: [0, 0],
  async run(call) {
    const { flags } = call;
    const expected = expectationsOf(flags);
    const textfile = textfileOf(flags);
    const verdict = await look(flags, expected).catch(async (error: unknown) => {
      if (textfile !== undefined) await writeTextfile(textfile, renderFailure(new Date()));
      throw error;
    });
    if (textfile !== undefined) {
      await writeTextfile(textfile, renderTextfile(verdict, expected.gpus, new Date()));
    }
    process.stdout.write(rendered(call, verdict));
    return verdict.state === "healthy" ? 0 : 1;
  },
};

async function look(flags: Flags, expected: Expectations): Promise<Verdict> {
  const texts = await textsOf(flags);
  const folder = flags.text("record");
  if (folder !== undefined) await writeRecording(folder, texts);
  return judge(observe(texts), expected);
}

function textsOf(flags: Flags): Promise<Texts> {
  const folder = flags.text("from");
  if (folder === undefined) return askMachine(flags.text("smi") ?? "nvidia-smi");
  return readRecording(folder);
}

function expectationsOf(flags: Flags): Expectations {
  // 1024: more than any node holds.
  const gpus = flags.text("expect") === undefined ? null : flags.integer("expect", 0, 1, 1024);
  // A year: older than any log that a node keeps.
  return { gpus, xidHours: flags.integer("xid-hours", XID_HOURS, 1, 8784) };
}

function rendered({ flags, environment }: Call, verdict: Verdict): string {
  if (flags.on("json")) return `${JSON.stringify(verdict, null, 2)}\n`;
  return renderTable(verdict, environment.color);
}

function textfileOf(flags: Flags): string | undefined {
  const file = flags.text("textfile");
  if (file === undefined || file.endsWith(".prom")) return file;
  throw new UserError("the textfile collector reads only names that end in .prom", {
    where: file,
    fix: `--textfile ${file}.prom`,
  });
}

async function writeTextfile(file: string, content: string): Promise<void> {
  // 0644: the exporter runs as another user.
  await writeFileAtomic(file, content, 0o644).catch((error: unknown) => {
    throw new UserError(`it cannot be written: ${error instanceof Error ? error.message : error}`, {
      where: file,
      fix: "name a folder that this user may write to",
      exitCode: 1,
    });
  });
}
