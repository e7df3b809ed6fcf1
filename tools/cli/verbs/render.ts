/**
 * Every Kubernetes object and configuration file of a stack as plain files, without any cluster; the
 * front of a site as systemd units; and what differs between two rendered folders.
 */
import { access, glob, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { frontOf, SHAPES } from "../../../components/sizing/shapes.ts";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { UserError } from "../../base/user-error.ts";
import type { ResourceState } from "../../engine/resource.ts";
import { errorCode } from "../../engine/state/state-error.ts";
import { revealMap } from "../../engine/values.ts";
import { frontWorkloads, type MachineFile, machineFiles } from "../../systemd/machine-files.ts";
import { shortDiff, shortDiffText } from "../renamed-words.ts";
import { type RenderedFile, renderFiles } from "../rendered-files.ts";
import { openSession, STACK_OPTIONS } from "../session.ts";
import { simulatedGraph } from "../simulated-graph.ts";
import type { Call, Flags, Verb } from "../verb.ts";

/** Rendered files may hold what no other user of the machine should read. */
const OWN_MODE = 0o600;
const MARKER = ".rendered";
const FORMATS = ["kubernetes", "systemd"];

export const verb: Verb = {
  name: "render",
  summary: "every object and configuration file as plain files",
  usage: "<stack> --out DIR [--format systemd] | --diff FOLDER FOLDER",
  examples: [
    "npm run render -- local --out rendered",
    "npm run render -- local --out /etc/deepseek --format systemd",
    "npm run -s render -- --diff rendered-staging rendered-prod",
  ],
  options: {
    ...STACK_OPTIONS,
    out: { type: "string", value: "DIR", help: "the folder to write; its content is replaced" },
    config: { type: "string", multiple: true, value: "KEY=VALUE", help: "a setting for this run" },
    "show-secrets": { type: "boolean", help: "write secrets in clear" },
    format: {
      type: "string",
      value: "NAME",
      help: "kubernetes (default), or systemd: edge and gateways of a machine without a cluster",
    },
    shape: {
      type: "string",
      value: "NAME",
      help: `of that machine: ${Object.keys(SHAPES).join(", ")} (default bare-metal)`,
    },
    diff: { type: "boolean", help: "compare two rendered folders; exit 1 where they differ" },
  },
  positionals: [1, 2],
  async run(call) {
    const [first = "", second] = call.positionals;
    if (call.flags.on("diff")) return showDifference(first, second);
    const out = call.flags.text("out");
    if (out === undefined || second !== undefined) {
      throw new UserError("render needs one stack and a folder to write to", {
        where: "command line",
        fix: `npm run render -- ${first} --out rendered`,
      });
    }
    const format = oneOf(call.flags, "format", FORMATS, "kubernetes");
    const folder = path.resolve(out);
    await refuseForeign(folder);
    const session = await openSession(call);
    const resources = await simulatedGraph(session);
    const files =
      format === "systemd"
        ? machine(call, resources)
        : renderFiles(resources, { showSecrets: call.flags.on("show-secrets") });
    await replaceFolder(folder, files);
    process.stdout.write(`${files.length} files in ${out}\n`);
    return 0;
  },
};

function machine(
  { flags, positionals }: Call,
  resources: readonly ResourceState[],
): readonly MachineFile[] {
  const name = oneOf(flags, "shape", Object.keys(SHAPES), "bare-metal") as keyof typeof SHAPES;
  const objects = resources
    .filter(({ custom, type }) => custom && type.startsWith("kubernetes:"))
    .map(({ inputs = {} }) => revealMap(inputs));
  const front = frontWorkloads(objects);
  if (front === undefined) {
    throw new UserError("the stack has no edge and gateway to be put onto a machine", {
      where: positionals[0] ?? "",
      fix: "render a stack of a whole site",
    });
  }
  const plan = frontOf(SHAPES[name], { edge: front.edge.memory, gateway: front.gateway.memory });
  if ("refusal" in plan) {
    throw new UserError(plan.refusal, {
      where: `--shape ${name}`,
      fix: "lower deepseek:gateway.resources.memory, or choose another shape",
    });
  }
  return machineFiles(front, plan.front, { showSecrets: flags.on("show-secrets") });
}

async function showDifference(left: string, right: string | undefined): Promise<number> {
  if (right === undefined) {
    throw new UserError("a difference is of two folders", {
      where: "command line",
      fix: "npm run render -- --diff rendered-staging rendered-prod",
    });
  }
  const difference = shortDiff(await readFolder(left), await readFolder(right));
  process.stdout.write(shortDiffText(difference));
  return difference.renamed.length + difference.differences.length === 0 ? 0 : 1;
}

async function readFolder(folder: string): Promise<RenderedFile[]> {
  await access(path.join(folder, MARKER)).catch(() => {
    throw new UserError("this is no folder that render wrote", {
      where: folder,
      fix: "npm run render -- STACK --out FOLDER",
    });
  });
  const files: RenderedFile[] = [];
  for await (const entry of glob("**/*", { cwd: folder, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.push({ path: path.relative(folder, file), content: await readFile(file, "utf8") });
  }
  return files;
}

function oneOf(flags: Flags, option: string, known: readonly string[], fallback: string): string {
  const value = flags.text(option) ?? fallback;
  if (known.includes(value)) return value;
  throw new UserError(`--${option} is "${value}"`, {
    where: "command line",
    fix: `one of ${known.join(", ")}`,
  });
}

async function replaceFolder(
  folder: string,
  files: readonly (RenderedFile & { readonly mode?: number })[],
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const note = "This folder is written by `npm run render` and replaced by it.\n";
  await writeFileAtomic(path.join(folder, MARKER), note);
  for (const file of files) {
    await writeFileAtomic(path.join(folder, file.path), file.content, file.mode ?? OWN_MODE);
  }
}

/** Only what an earlier render wrote is removed: never a file, nor a folder of something else. */
async function refuseForeign(place: string): Promise<void> {
  const refused = (what: string) =>
    new UserError(what, { where: place, fix: "give a new folder with --out" });
  const entries: readonly string[] = await readdir(place).catch((error: unknown) => {
    const code = errorCode(error);
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw refused("there is a file where the folder would be");
    throw refused(`the folder cannot be read (${code})`);
  });
  if (entries.length > 0 && !entries.includes(MARKER)) {
    throw refused("the folder is not empty and was not written by render");
  }
}
