/** The one-node cluster by hand. `up local` starts it by itself. */
import { createProgress } from "../../base/progress.ts";
import { UserError } from "../../base/user-error.ts";
import { clusterStatus, resetCluster, startCluster, stopCluster } from "../../cluster/cluster.ts";
import { clusterDir } from "../local-stack.ts";
import { agreesTo } from "../question.ts";
import type { Call, Verb } from "../verb.ts";

const ACTIONS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  start,
  stop,
  status,
  reset,
};

export const verb: Verb = {
  name: "cluster",
  summary: "the one-node cluster: start, stop, status, reset",
  usage: "start|stop|status|reset [options]",
  examples: [
    "npm run cluster -- start --gpu-nodes 2   # and two simulated 8×A100-80GB nodes",
    "npm run -s cluster -- status --json",
    "npm run cluster -- stop                  # data stays",
    "npm run cluster -- reset                 # everything it ever made is removed",
  ],
  options: {
    "gpu-nodes": { type: "string", value: "N", help: "simulated GPU nodes, 0 to 16 (default 0)" },
    json: { type: "boolean", help: "print one JSON object" },
    yes: { type: "boolean", help: "reset without asking" },
    caches: { type: "boolean", help: "reset also removes what was built and downloaded" },
  },
  positionals: [1, 1],
  async run(call) {
    const action = ACTIONS[call.positionals[0] ?? ""];
    if (action === undefined) {
      throw new UserError(`cluster has no action "${call.positionals[0]}"`, {
        where: "command line",
        fix: `npm run cluster -- ${verb.usage}`,
      });
    }
    return action(call);
  },
};

async function start({ environment, flags }: Call): Promise<number> {
  const started = await startCluster({
    dir: clusterDir(environment),
    gpuNodes: flags.integer("gpu-nodes", 0, 0, 16),
    progress: createProgress(),
  });
  process.stdout.write(`kubeconfig: ${started.kubeconfig}\n`);
  return 0;
}

async function stop({ environment }: Call): Promise<number> {
  await stopCluster({ dir: clusterDir(environment), progress: createProgress() });
  return 0;
}

async function status({ environment, flags }: Call): Promise<number> {
  const found = await clusterStatus({ dir: clusterDir(environment) });
  process.stdout.write(
    flags.on("json")
      ? `${JSON.stringify(found, null, 2)}\n`
      : `${found.running ? "running" : "stopped"}\n${found.components
          .map(({ name, running }) => `  ${running ? "✓" : "✗"} ${name}\n`)
          .join("")}`,
  );
  return found.running ? 0 : 1;
}

async function reset(call: Call): Promise<number> {
  const { environment, flags } = call;
  if (!flags.on("yes") && !(await agreed(call))) return 1;
  await resetCluster({
    dir: clusterDir(environment),
    caches: flags.on("caches"),
    progress: createProgress(),
  });
  return 0;
}

async function agreed({ environment, signal }: Call): Promise<boolean> {
  if (!environment.interactive) {
    throw new UserError("reset asks before it removes the cluster and its data", {
      where: "standard input",
      fix: "npm run cluster -- reset --yes",
    });
  }
  return agreesTo("remove the cluster and all its data?", signal);
}
