/** Makes a report, or reads one that was made before, and prints it in the format that was asked for. */
import { readFile } from "node:fs/promises";
import { UserError } from "../base/user-error.ts";
import { pageOf } from "../preview/comment.ts";
import { exitCode } from "../preview/exit-code.ts";
import { htmlPage } from "../preview/html-page.ts";
import { markdown, markerOf } from "../preview/markdown.ts";
import { postComment } from "../preview/post-comment.ts";
import { type Report, reportSchema } from "../preview/report.ts";
import { prepareBase, reportAgainst } from "./preview-against.ts";
import type { Call } from "./verb.ts";

const FORMATS: Readonly<Record<string, (report: Report) => string>> = {
  markdown: (report) => markdown(pageOf(report)),
  html: (report) => htmlPage(pageOf(report)),
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
};

/** What can be compared with; exactly one of them is given. */
const AGAINST = ["against", "state", "report"] as const;

/** What asks a cluster, an account or a person has no meaning here. */
const REFUSED = ["refresh", "target", "json", "engine", "kubeconfig", "context", "debug"] as const;

export async function previewInFormat(call: Call): Promise<number> {
  const { flags } = call;
  const format = FORMATS[flags.text("format") ?? "markdown"];
  if (format === undefined) {
    throw new UserError(`--format is "${flags.text("format")}"`, {
      where: "command line",
      fix: `one of ${Object.keys(FORMATS).join(", ")}`,
    });
  }
  const given = AGAINST.filter((name) => flags.text(name) !== undefined);
  if (given.length !== 1) {
    throw new UserError("a comparison is with one thing", {
      where: "command line",
      fix: "give one of --against REF, --state FILE, and --report FILE (made before by --format json)",
    });
  }
  const refused = REFUSED.find(
    (name) => flags.on(name) || flags.text(name) !== undefined || flags.list(name).length > 0,
  );
  if (refused !== undefined) {
    throw new UserError(`--${refused} has no meaning in a comparison`, {
      where: "command line",
      fix: `leave it out, or leave out --${given[0]}: a plain preview asks the cluster`,
    });
  }
  if (flags.on("prepare")) return prepareBase(call);
  const file = flags.text("report");
  const report = file === undefined ? await reportAgainst(call) : await readReport(call, file);
  const place = flags.text("comment-on");
  if (place === undefined) process.stdout.write(format(report));
  else await comment(call, place, report);
  return exitCode(report, {
    noChanges: flags.on("expect-no-changes"),
    noDanger: flags.on("expect-no-danger"),
  });
}

/** The token is named in no option: options are seen by every user of a machine. */
const TOKEN = "PREVIEW_TOKEN";

async function comment({ environment, signal }: Call, url: string, report: Report): Promise<void> {
  const token = environment.variables[TOKEN] ?? "";
  if (token === "") {
    throw new UserError("there is no token to comment with", {
      where: TOKEN,
      fix: "give one that may comment on pull requests, and nothing else",
    });
  }
  const body = markdown(pageOf(report));
  const done = await postComment({ url, token, marker: markerOf(report.stack), body, signal });
  process.stderr.write(`  ${done} the comment on ${url}\n`);
}

/** An artifact of a workflow on somebody's fork: whatever is not a report of this stack is refused. */
async function readReport({ positionals: [stack] }: Call, file: string): Promise<Report> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new UserError("the report cannot be read", { where: file, fix: "give a readable file" });
  });
  const fix = "give what `preview --against REF --format json` of this stack printed";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError("the report is not JSON", { where: file, fix });
  }
  const parsed = reportSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = `${file}: ${issue?.path.map(String).join(".")}`;
    throw new UserError("the report is none that this program makes", { where, fix });
  }
  if (parsed.data.stack === stack) return parsed.data;
  throw new UserError(`the report is of the stack ${parsed.data.stack}`, { where: file, fix });
}
