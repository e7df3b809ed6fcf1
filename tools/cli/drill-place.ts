/** A deployed stack as a drill needs it: its outputs, and kubectl on its cluster. */
import { run } from "../base/process.ts";
import { silentProgress } from "../base/progress.ts";
import { ensureBinaries } from "../cluster/binaries.ts";
import type { Place } from "../drill/place.ts";
import { revealMap } from "../engine/values.ts";
import { kubeconfigOf } from "./local-stack.ts";
import { notDeployed, type Session } from "./session.ts";

export async function drillPlace(session: Session): Promise<Place> {
  const { backend, stack, environment } = session;
  const outputs = revealMap((await backend.readOutputs(stack)) ?? {});
  const { url, apiKey, apiKeys, caCertificate: ca, prometheusUrl, models } = outputs;
  if (
    typeof url !== "string" ||
    typeof apiKey !== "string" ||
    typeof ca !== "string" ||
    typeof prometheusUrl !== "string" ||
    !Array.isArray(models)
  ) {
    throw notDeployed(session);
  }
  const { kube } = await ensureBinaries({ progress: silentProgress });
  const env = { ...environment.variables, KUBECONFIG: kubeconfigOf(session) };
  return {
    ...{ url, apiKey, ca, prometheusUrl },
    // A stack that was deployed by an older version has no such output.
    apiKeys: keysOf(apiKeys),
    models: models.filter((model) => typeof model === "string"),
    kubectl: async (args, input) => {
      const options = { env, ...(input === undefined ? {} : { input }) };
      const { code, stdout, stderr } = await run(kube, ["kubectl", ...args], options);
      if (code === 0) return stdout;
      throw new Error(`kubectl ${args.slice(0, 4).join(" ")}: ${stderr.trim()}`);
    },
  };
}

function keysOf(found: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Object(found)).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
