/**
 * What `npm run policies -- STACK --evidence` asks with: the stack's outputs, a kubeconfig, an auditor's
 * key. Nothing is changed by it, and no credential gets into a file.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import type { JudgedResource } from "../../policies/judging/judge-graph.ts";
import { silentProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { ensureBinaries } from "../cluster/binaries.ts";
import { revealMap } from "../engine/values.ts";
import { Cluster, type Kubectl } from "../evidence/live/cluster.ts";
import { collect, type StackOutputs } from "../evidence/live/collect.ts";
import { proofOf, type RawFile } from "../evidence/live/shown.ts";
import type { Proof } from "../evidence/proof.ts";
import { clusterDir, givenKubeconfig } from "./local-stack.ts";
import type { Session } from "./session.ts";
import type { OptionSpec } from "./verb.ts";

export const EVIDENCE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  evidence: {
    type: "boolean",
    help: "ask the running stack, too: handshakes, audit trail, alerts, policies of the network, filter",
  },
  kubeconfig: {
    type: "string",
    value: "FILE",
    help: "with --evidence: the cluster that it runs on",
  },
  context: { type: "string", value: "NAME", help: "with --evidence: the kubeconfig's context" },
  "restore-record": {
    type: "string",
    value: "FILE",
    help: "with --evidence: what a restore test has recorded (docs/evidence.md)",
  },
};

/** All questions together; a stack that is well answers within one or two. */
const WHOLE_MS = 15 * 60_000;

export interface LiveEvidence {
  readonly proofs: readonly Proof[];
  readonly files: readonly RawFile[];
}

export async function liveEvidence(
  session: Session,
  graph: readonly JudgedResource["outputs"][],
  floorDays: number,
): Promise<LiveEvidence> {
  const { call, backend, stack } = session;
  const outputs = await backend.readOutputs(stack);
  const found = await findKubectl(session);
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(WHOLE_MS)]);
  const shown = await collect({
    outputs: outputs === undefined ? null : (revealMap(outputs) as StackOutputs),
    cluster: typeof found === "string" ? null : new Cluster(found, signal),
    withoutCluster: typeof found === "string" ? found : "",
    namespaces: namespacesOf(graph),
    rendered: renderedRules(graph),
    floorDays,
    auditorKey: call.environment.variables["DEEPSEEK_AUDITOR_KEY"] ?? null,
    restoreRecord: await recordOf(session),
    now: () => new Date(),
    onStep: (text) => process.stderr.write(`  asking for ${text}\n`),
  });
  const made = shown.map(proofOf);
  return {
    proofs: made.map(({ proof }) => proof),
    files: made.flatMap(({ file }) => file ?? []),
  };
}

/** The words are the reason why there is no way into the cluster. */
async function findKubectl(session: Session): Promise<Kubectl | string> {
  const { environment, call, isLocal } = session;
  const { variables } = environment;
  const own = path.join(clusterDir(environment), "kubeconfig");
  const given = givenKubeconfig(session);
  const context = call.flags.text("context");
  const selected = context === undefined ? [] : ["--context", context];
  if (isLocal && given === undefined) {
    if (!existsSync(own)) return "the one-node cluster has not been started in this checkout";
    const { kube } = await ensureBinaries({ progress: silentProgress });
    return { program: kube, args: ["kubectl"], environment: { ...variables, KUBECONFIG: own } };
  }
  const kubeconfig = given ?? variables["KUBECONFIG"];
  if (kubeconfig === undefined) return "no kubeconfig was given (--kubeconfig FILE)";
  if (!existsSync(kubeconfig)) return `${kubeconfig} cannot be read`;
  const environmentOf = { ...variables, KUBECONFIG: kubeconfig };
  return { program: "kubectl", args: selected, environment: environmentOf };
}

async function recordOf({ call }: Session): Promise<string | null> {
  const file = call.flags.text("restore-record");
  if (file === undefined) return null;
  return readFile(file, "utf8").catch(() => {
    throw new UserError("the file cannot be read", {
      where: file,
      fix: "--restore-record FILE, in the form of docs/evidence.md",
    });
  });
}

type Props = Readonly<Record<string, unknown>>;

function namespacesOf(graph: readonly JudgedResource["outputs"][]): string[] {
  return graph.flatMap(({ type, props }) => {
    if (type !== "kubernetes:core/v1:Namespace") return [];
    const name = ((props as Props)["metadata"] as Props | undefined)?.["name"];
    return typeof name === "string" ? [name] : [];
  });
}

interface RulesFile {
  readonly groups?: readonly {
    readonly rules?: readonly { readonly alert?: string; readonly record?: string }[];
  }[];
}

/** Of the file that Prometheus is given. */
function renderedRules(graph: readonly JudgedResource["outputs"][]): string[] | null {
  const files = graph.flatMap(({ type, props }) => {
    if (type !== "kubernetes:core/v1:ConfigMap") return [];
    const text = ((props as Props)["data"] as Props | undefined)?.["rules.yml"];
    return typeof text === "string" ? [text] : [];
  });
  if (files.length === 0) return null;
  return files.flatMap((text) =>
    ((parse(text) as RulesFile).groups ?? []).flatMap(({ rules = [] }) =>
      rules.map(({ alert, record }) => alert ?? record ?? ""),
    ),
  );
}
