/** Every Kubernetes object and configuration file of a stack as plain files, without any cluster. */
import { access, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { UserError } from "../../base/user-error.ts";
import { MemoryStore } from "../../engine/state/memory-store.ts";
import { inspectLocal } from "../local-stack.ts";
import { renderFiles } from "../rendered-files.ts";
import {
  configuration,
  embeddedProviders,
  openSession,
  type Session,
  STACK_OPTIONS,
} from "../session.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "render",
  summary: "every object and configuration file as plain files",
  usage: "<stack> --out DIR",
  examples: ["npm run render -- local --out rendered", "diff -r rendered-before rendered-after"],
  options: {
    ...STACK_OPTIONS,
    out: { type: "string", value: "DIR", help: "the folder to write; its content is replaced" },
    config: { type: "string", multiple: true, value: "KEY=VALUE", help: "a setting for this run" },
    "show-secrets": { type: "boolean", help: "write secrets in clear" },
  },
  positionals: [1, 1],
  async run(call) {
    const out = call.flags.text("out");
    if (out === undefined) {
      throw new UserError("render needs a folder to write to", {
        where: "command line",
        fix: `npm run render -- ${call.positionals[0]} --out rendered`,
      });
    }
    const session = await openSession(call);
    const resources = await simulatedGraph(session);
    const files = renderFiles(resources, { showSecrets: call.flags.on("show-secrets") });
    await replaceFolder(path.resolve(out), files);
    process.stdout.write(`${files.length} files in ${out}\n`);
    return 0;
  },
};

/** The graph after an update that touches nothing: no cluster, the cloud simulated. */
async function simulatedGraph(session: Session) {
  const prepared = session.isLocal
    ? await inspectLocal(session)
    : { config: await configuration(session), environment: session.environment.variables };
  const engine = await import("../../engine/engine.ts");
  const store = new MemoryStore();
  const result = await engine.up(
    {
      projectDir: session.projectDir,
      project: session.project.name,
      stack: session.stack,
      config: prepared.config,
      environment: prepared.environment,
      store,
      stackOutputs: (name) => session.backend.readOutputs(name),
      simulateCloud: true,
      policyPacks: [],
      targets: [],
      parallel: 16,
      refresh: false,
      message: "render",
      onEvent: () => {},
      confirm: async () => true,
      signal: session.call.signal,
    },
    await embeddedProviders({ ...session, simulateCloud: true }, { renderOnly: true }),
  );
  if (!result.ok) {
    throw new UserError(result.errors.join("\n"), {
      where: session.stack,
      fix: "mend the program or its settings; nothing was written",
    });
  }
  return result.snapshot?.resources ?? [];
}

async function replaceFolder(
  folder: string,
  files: readonly { readonly path: string; readonly content: string }[],
): Promise<void> {
  // Only what an earlier render wrote is removed: a folder of something else is never emptied.
  const marker = path.join(folder, ".rendered");
  await refuseForeignFolder(folder, marker);
  await rm(folder, { recursive: true, force: true });
  await writeFileAtomic(marker, "This folder is written by `npm run render` and replaced by it.\n");
  for (const file of files)
    await writeFileAtomic(path.join(folder, file.path), file.content, 0o600);
}

async function refuseForeignFolder(folder: string, marker: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  if (entries.length === 0) return;
  await access(marker).catch(() => {
    throw new UserError("the folder is not empty and was not written by render", {
      where: folder,
      fix: "give a new folder with --out",
    });
  });
}
