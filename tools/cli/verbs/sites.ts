/** Two sites of a pair: what one was told by the other's outputs, written down or compared. */
import { readFile } from "node:fs/promises";
import { UserError } from "../../base/user-error.ts";
import { revealMap } from "../../engine/values.ts";
import { configuration, openSession, type Session, STACK_OPTIONS } from "../session.ts";
import {
  type Difference,
  differences,
  type Fields,
  isFields,
  pinnedOther,
  told,
  toldBy,
} from "../site-pins.ts";
import type { Verb } from "../verb.ts";

const SITE = "deepseek:site";
const PASSWORDS = "deepseek:replicationPasswords";

export const verb: Verb = {
  name: "sites",
  summary: "what a site follows of the other one of a pair: written down, or compared",
  usage: "pin|compare <stack> [--from FILE]",
  examples: [
    "npm run sites -- pin onprem-bank-standby        # into its settings; passwords encrypted",
    "npm run sites -- compare onprem-bank-standby    # exit code 1: the other site tells other things",
    "pulumi stack output -s onprem-bank --json --show-secrets | npm run sites -- pin onprem-bank-standby --from /dev/stdin",
  ],
  options: {
    ...STACK_OPTIONS,
    from: {
      type: "string",
      value: "FILE",
      help: "outputs of the other stack as JSON, where its state is not in this backend",
    },
  },
  positionals: [2, 2],
  async run(call) {
    const [action = "", stack = ""] = call.positionals;
    if (action !== "pin" && action !== "compare") {
      throw new UserError(`sites has no action "${action}"`, {
        where: "command line",
        fix: `npm run sites -- ${verb.usage}`,
      });
    }
    const session = await openSession({ ...call, positionals: [stack] });
    // What a simulation tells is made up, and a settings file is not.
    if (session.simulateCloud && action === "pin") {
      throw new UserError("what a simulated site tells is not written into settings", {
        where: "command line",
        fix: "leave out --simulate-cloud, or compare",
      });
    }
    return follow(session, action);
  },
};

async function follow(session: Session, action: "pin" | "compare"): Promise<number> {
  const values = await configuration(session);
  const site = parsed(values[SITE]?.value);
  const other = site["other"];
  if (!isFields(other)) {
    throw new UserError("the site is not one of a pair", {
      where: session.config.files.stack,
      fix: "deepseek:site.other with name and stack",
    });
  }
  const heard = toldBy(await outputsOf(session, other), String(other["stack"]), other["name"]);
  const own = values[PASSWORDS]?.value;
  const before = { other, replication: own === undefined ? null : parsed(own) };
  const follows = site["role"] === "standby";
  const after = {
    other: pinnedOther(other, heard),
    replication: follows ? (heard.replication ?? before.replication) : before.replication,
  };
  const found = differences(before, after);
  for (const one of found) process.stdout.write(`  ${told(one)}\n`);
  if (found.length === 0) process.stdout.write("  nothing else is told than the settings say\n");
  if (action === "compare") return found.length === 0 ? 0 : 1;
  await write(session, after, found);
  return 0;
}

async function write(
  { config }: Session,
  after: { readonly other: Fields; readonly replication: Fields | null },
  found: readonly Difference[],
): Promise<void> {
  const plain = { layer: "stack", secret: false, below: ["other"] } as const;
  await config.set(SITE, after.other, plain);
  if (found.some(({ path }) => path === PASSWORDS)) {
    await config.set(PASSWORDS, after.replication, { layer: "stack", secret: true });
  }
  process.stdout.write(`  written into ${config.files.stack}\n`);
}

async function outputsOf(session: Session, other: Fields): Promise<Fields> {
  const file = session.call.flags.text("from");
  if (file !== undefined) return parsed(await readFile(file, "utf8"), file);
  const stack = other["stack"];
  if (typeof stack !== "string") {
    throw new UserError("the settings do not say which stack the other site is", {
      where: session.config.files.stack,
      fix: "deepseek:site.other.stack, or --from FILE",
    });
  }
  const outputs = await session.backend.readOutputs(stack);
  if (outputs !== undefined) return revealMap(outputs);
  throw new UserError(`there is no state of ${stack} here`, {
    where: session.project.name,
    fix: `npm run up -- ${stack}, or --from FILE with its outputs from where its state is`,
  });
}

function parsed(text: string | undefined, where = SITE): Fields {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    if (isFields(value)) return value;
  } catch {
    // Told below.
  }
  throw new UserError("it is no JSON object", {
    where,
    fix: "give outputs or settings as an object",
  });
}
