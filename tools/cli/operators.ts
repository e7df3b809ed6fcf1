/**
 * The operators that a stack needs, and which of them its cluster lacks: asked of the API server, as a
 * preview does, for every kind that is not Kubernetes' own. Versions and where each is installed from
 * are those of config/versions.json.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../base/user-error.ts";
import { gvkOf, idOf, stringAt } from "../engine/providers/kubernetes/kube-object.ts";
import { isCustom, missingKinds } from "../engine/providers/kubernetes/missing-kinds.ts";
import {
  type MissingKind,
  servedInstead,
  some,
} from "../engine/providers/kubernetes/wanted-kinds.ts";
import type { ResourceState } from "../engine/resource.ts";
import { type PropertyMap, revealMap } from "../engine/values.ts";
import { askedCluster } from "./asked-cluster.ts";
import type { Finding } from "./finding.ts";
import type { Session } from "./session.ts";
import { simulatedGraph } from "./simulated-graph.ts";

interface Operator {
  readonly title: string;
  readonly api: string;
  /** What our objects were checked against. */
  readonly version: string;
  /** The page that says how it is installed. */
  readonly install: string;
}

/** What of a group a stack has: `monitoring.coreos.com/v1`, and its objects. */
interface Need {
  readonly api: string;
  readonly kinds: readonly string[];
  readonly objects: readonly string[];
}

const PROVIDER = "pulumi:providers:kubernetes";

/** One finding for each API of an operator; none where the stack needs no operator. */
export async function operatorsOf(session: Session): Promise<readonly Finding[]> {
  const resources = await simulatedGraph(session);
  const objects = objectsOf(resources);
  const needs = needsOf(objects.filter(isCustom));
  if (needs.length === 0) return [];
  const operators = await knownOperators(session.environment.projectDir);
  const answer = await ask(session, resources, objects);
  return needs.map((need) => {
    const operator = operators.find(({ api }) => api === need.api);
    return { ...common(session, need, operator), ...judged(need, answer) };
  });
}

function objectsOf(resources: readonly ResourceState[]): PropertyMap[] {
  return resources
    .filter(({ custom, type }) => custom && type.startsWith("kubernetes:"))
    .map(({ inputs = {} }) => revealMap(inputs));
}

function needsOf(objects: readonly PropertyMap[]): readonly Need[] {
  const byApi = Map.groupBy(objects, (object) => gvkOf(object).apiVersion);
  return [...byApi]
    .map(([api, some]) => ({
      api,
      kinds: [...new Set(some.map((object) => gvkOf(object).kind))].sort(),
      objects: some.map(idOf),
    }))
    .sort((a, b) => (a.api < b.api ? -1 : 1));
}

async function knownOperators(projectDir: string): Promise<readonly Operator[]> {
  const text = await readFile(path.join(projectDir, "config/versions.json"), "utf8");
  return Object.values(JSON.parse(text).operators);
}

/** A text: nobody could be asked, and why. */
type Answer =
  | { readonly missing: readonly MissingKind[] }
  | { readonly silent: string; readonly state: "missing" | "optional" };

async function ask(
  session: Session,
  resources: readonly ResourceState[],
  objects: readonly PropertyMap[],
): Promise<Answer> {
  const { environment, known } = await askedCluster(session);
  if (!known) return { silent: "no cluster was asked: there is no kubeconfig", state: "optional" };
  const { inputs = {} } = resources.find(({ type }) => type === PROVIDER) ?? {};
  const { signal } = session.call;
  try {
    const provider = choiceOf(session, revealMap(inputs));
    return { missing: await missingKinds({ objects, provider, environment, signal }) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { silent: `the cluster did not answer: ${error.message}`, state: "missing" };
  }
}

/** A kubeconfig that the program makes is a simulated one's here: the named cluster stands in. */
function choiceOf(session: Session, inputs: PropertyMap): PropertyMap {
  const context = session.call.flags.text("context") ?? stringAt(inputs, "context");
  const simulated = inputs["kubeconfig"] !== undefined;
  return simulated || context === undefined ? {} : { context };
}

function common({ stack }: Session, { api, objects }: Need, operator: Operator | undefined) {
  return {
    what: `operator ${operator?.title ?? `of ${api}`}`,
    fix:
      operator === undefined
        ? `install the operator that serves ${api}`
        : `install it in a version that serves ${api} (checked against ${operator.version}): ${operator.install}`,
    neededBy: `${stack}: ${some(objects)}`,
  };
}

function judged({ api, kinds }: Need, answer: Answer): Pick<Finding, "found" | "state"> {
  if ("silent" in answer) return { found: answer.silent, state: answer.state };
  const missing = answer.missing.filter(({ apiVersion }) => apiVersion === api);
  const [first] = missing;
  if (first === undefined) return { found: `${api} ${kinds.join(", ")}`, state: "ok" };
  const names = missing.map(({ kind }) => kind).join(", ");
  return { found: `no ${api} ${names}; ${servedInstead(first)}`, state: "missing" };
}
