/** kubectl of the one-node cluster, with its kubeconfig; every argument goes through untouched. */
import { existsSync } from "node:fs";
import path from "node:path";
import { createProgress } from "../../base/progress.ts";
import { UserError } from "../../base/user-error.ts";
import { ensureBinaries } from "../../cluster/binaries.ts";
import { runInTerminal } from "../child.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "kubectl",
  summary: "kubectl of the one-node cluster",
  usage: "ARGUMENTS OF KUBECTL",
  examples: [
    "npm run kubectl -- get pods -A",
    "npm run kubectl -- -n deepseek logs statefulset/gateway",
  ],
  options: {},
  positionals: [0, 100],
  passThrough: true,
  async run({ environment, raw }) {
    const kubeconfig = path.join(environment.stateDir, "cluster/kubeconfig");
    if (!existsSync(kubeconfig)) {
      throw new UserError("the one-node cluster has not been started in this checkout", {
        where: kubeconfig,
        fix: "npm run cluster -- start",
      });
    }
    const { kube } = await ensureBinaries({ progress: createProgress() });
    return runInTerminal(environment, kube, ["kubectl", ...raw], { KUBECONFIG: kubeconfig });
  },
};
