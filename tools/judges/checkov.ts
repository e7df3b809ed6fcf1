/**
 * checkov (PyPI, Apache-2.0): Kubernetes objects, and the cloud side as the Terraform plan that would
 * make it. Runs in Debian's Python from a locked list of wheels; asks nothing of the network.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import type { Progress } from "../base/progress.ts";
import { ensurePython, type Python } from "../debian/python.ts";
import type { Finding } from "./finding.ts";
import { containersOf, type KubernetesObject, referenceOf } from "./kubernetes-objects.ts";
import type { TerraformPlan } from "./terraform-plan.ts";

const REQUIREMENTS = path.join(import.meta.dirname, "python/checkov.txt");
const WORDS = ["--output", "json", "--quiet", "--compact", "--skip-download"];

export function ensureCheckov(progress: Progress): Promise<Python> {
  return ensurePython(REQUIREMENTS, progress);
}

export async function checkov(
  python: Python,
  objects: readonly KubernetesObject[],
  plan: TerraformPlan,
): Promise<Finding[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-judge-"));
  try {
    const frameworks: string[] = [];
    if (objects.length > 0) {
      const text = objects.map((object) => stringify(object)).join("---\n");
      await writeFile(path.join(folder, "objects.yaml"), text);
      frameworks.push("kubernetes");
    }
    if (plan.resource_changes.length > 0) {
      await writeFile(path.join(folder, "tfplan.json"), JSON.stringify(plan));
      frameworks.push("terraform_plan");
    }
    if (frameworks.length === 0) return [];
    const { code, stdout, stderr } = await python.run(
      ["-m", "checkov.main", "--directory", folder, "--framework", ...frameworks, ...WORDS],
      { env: { ...python.env, LOG_LEVEL: "ERROR" } },
    );
    // 1: something was found.
    if (code !== 0 && code !== 1) throw new Error(`checkov ended with ${code}:\n${stderr}`);
    return checkovFindings(JSON.parse(stdout), objects);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface CheckovReport {
  readonly check_type?: string;
  readonly results?: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly resource: string;
      readonly check_result: { readonly evaluated_keys?: readonly unknown[] };
    }[];
  };
  readonly summary?: { readonly parsing_errors: number };
}

/** One report, several, or the bare count of a run that found nothing to look at. */
export function checkovFindings(
  answer: CheckovReport | readonly CheckovReport[],
  objects: readonly KubernetesObject[],
): Finding[] {
  const reports: readonly CheckovReport[] = Array.isArray(answer) ? answer : [answer];
  return reports.flatMap(({ results, summary }) => {
    // What it cannot read it would otherwise pass over in silence.
    if ((summary?.parsing_errors ?? 0) > 0) throw new Error("checkov could not read its input");
    return (results?.failed_checks ?? []).map((failed) => ({
      judge: "checkov" as const,
      rule: failed.check_id,
      object: objectOf(failed.resource, failed.check_result.evaluated_keys ?? [], objects),
      message: failed.check_name,
    }));
  });
}

/** checkov writes `Kind.namespace.name`, and `default` where there is no namespace. */
function objectOf(
  resource: string,
  evaluated: readonly unknown[],
  objects: readonly KubernetesObject[],
): string {
  // Of the pods that it makes of templates it says `Pod.namespace.owner.labels`.
  const found =
    objects.find((object) => named(object.kind, object) === resource) ??
    objects
      .filter((object) => podTemplateOf(resource, object))
      .sort((a, b) => b.metadata.name.length - a.metadata.name.length)[0];
  if (found === undefined) return resource;
  const reference = referenceOf(found.kind, found.metadata.namespace, found.metadata.name);
  const index = evaluated
    .map((key) => /\/containers\/\[?(\d+)\]?(\/|$)/.exec(String(key))?.[1])
    .find((digits) => digits !== undefined);
  const container = index === undefined ? undefined : containersOf(found)[Number(index)];
  return container === undefined ? reference : `${reference}#${container}`;
}

function named(kind: string, { metadata }: KubernetesObject): string {
  return `${kind}.${metadata.namespace ?? "default"}.${metadata.name}`;
}

function podTemplateOf(resource: string, object: KubernetesObject): boolean {
  const prefix = named("Pod", object);
  if (containersOf(object).length === 0) return false;
  return resource === prefix || resource.startsWith(`${prefix}.`);
}
