/** The graph of a stack after an update that touches nothing: no cluster, the cloud simulated. */
import { UserError } from "../base/user-error.ts";
import type { ResourceState } from "../engine/resource.ts";
import { MemoryStore } from "../engine/state/memory-store.ts";
import { inspectLocal } from "./local-stack.ts";
import { configuration, embeddedProviders, type Session, SIMULATED_CLOUD } from "./session.ts";

export async function simulatedGraph(session: Session): Promise<readonly ResourceState[]> {
  const prepared = session.isLocal
    ? await inspectLocal(session)
    : {
        config: await configuration(session),
        environment: { ...session.environment.variables, ...SIMULATED_CLOUD },
      };
  const engine = await import("../engine/engine.ts");
  const store = new MemoryStore();
  const result = await engine.simulate(
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
