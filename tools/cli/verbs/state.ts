/** A stack's state by hand: export, import, unlock, list, remove. */
import { readFile, writeFile } from "node:fs/promises";
import { UserError } from "../../base/user-error.ts";
import { openSession, type Session, STACK_OPTIONS } from "../session.ts";
import type { Call, Verb } from "../verb.ts";

const ACTIONS: Readonly<Record<string, (session: Session) => Promise<void>>> = {
  export: exportState,
  import: importState,
  unlock,
  remove,
};

export const verb: Verb = {
  name: "state",
  summary: "export, import, unlock, remove or list the state of stacks",
  usage: "export|import|unlock|remove <stack>, or list",
  examples: [
    "npm run -s state -- export prod > prod.json    # what `pulumi stack import` reads",
    "npm run state -- import prod --file prod.json",
    "npm run state -- unlock local                  # after a process that ended hard elsewhere",
    "npm run state -- list",
  ],
  options: {
    ...STACK_OPTIONS,
    file: { type: "string", value: "FILE", help: "read from or write to this file" },
    force: { type: "boolean", help: "remove although resources remain: they are only forgotten" },
  },
  positionals: [1, 2],
  async run(call) {
    const [action = "", stack] = call.positionals;
    if (action === "list") return list(call);
    const act = ACTIONS[action];
    if (act === undefined || stack === undefined) {
      throw new UserError(
        act === undefined ? `state has no action "${action}"` : `state ${action} needs a stack`,
        { where: "command line", fix: `npm run state -- ${verb.usage}` },
      );
    }
    await act(await openSession({ ...call, positionals: [stack] }));
    return 0;
  },
};

/** Listing opens the project, for which any of its stacks will do. */
const anyStack = "local";

async function list(call: Call): Promise<number> {
  const { backend } = await openSession({ ...call, positionals: [anyStack] });
  for (const name of await backend.listStacks()) process.stdout.write(`${name}\n`);
  return 0;
}

async function exportState({ backend, stack, call }: Session): Promise<void> {
  const text = `${JSON.stringify(await backend.exportStack(stack), null, 4)}\n`;
  const file = call.flags.text("file");
  // Secrets stay encrypted, but what a stack consists of is nobody else's business.
  if (file === undefined) process.stdout.write(text);
  else await writeFile(file, text, { mode: 0o600 });
}

async function importState({ backend, stack, call }: Session): Promise<void> {
  const file = call.flags.text("file");
  if (file === undefined) {
    throw new UserError("state import needs a file", {
      where: "command line",
      fix: `npm run state -- import ${stack} --file FILE`,
    });
  }
  const text = await readFile(file, "utf8").catch(() => {
    throw new UserError("the file cannot be read", { where: file, fix: "give a readable file" });
  });
  await backend.importStack(stack, parseJson(file, text));
  process.stderr.write(`imported ${file} into ${stack}\n`);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`the file is not JSON: ${error instanceof Error ? error.message : ""}`, {
      where: file,
      fix: "give what `state export` or `pulumi stack export` wrote",
    });
  }
}

async function unlock({ backend, stack }: Session): Promise<void> {
  const removed = await backend.unlock(stack);
  const text = removed.length === 0 ? "was not locked" : `unlocked (${removed.length} lock)`;
  process.stderr.write(`${stack} ${text}\n`);
}

async function remove({ backend, stack, call }: Session): Promise<void> {
  await backend.remove(stack, { force: call.flags.on("force") });
  process.stderr.write(`removed the state of ${stack}\n`);
}
