/** All outside judges over one planned stack. */
import type { Progress } from "../base/progress.ts";
import type { Python } from "../debian/python.ts";
import { AWS_SCHEMA } from "../engine/providers/aws/schema.ts";
import type { ResourceState } from "../engine/resource.ts";
import { checkov, ensureCheckov } from "./checkov.ts";
import type { Finding } from "./finding.ts";
import { ensureKubeScore, kubeScore } from "./kube-score.ts";
import { kubernetesObjects } from "./kubernetes-objects.ts";
import { monokle } from "./monokle.ts";
import { terraformPlan } from "./terraform-plan.ts";

/** The programs that judge, ready to be run. */
export interface Judges {
  readonly kubeScore: string;
  readonly python: Python;
  readonly kubernetesVersion: string;
}

export async function ensureJudges(kubernetesVersion: string, progress: Progress): Promise<Judges> {
  const [kubeScore, python] = await Promise.all([
    ensureKubeScore(progress),
    ensureCheckov(progress),
  ]);
  return { kubeScore, python, kubernetesVersion };
}

export interface Judged {
  readonly findings: readonly Finding[];
  readonly kubernetesObjects: number;
  readonly cloudResources: number;
}

export async function judgeStack(
  judges: Judges,
  resources: readonly ResourceState[],
): Promise<Judged> {
  const objects = kubernetesObjects(resources);
  const plan = terraformPlan(resources, AWS_SCHEMA);
  const findings = await Promise.all([
    kubeScore(judges.kubeScore, objects, judges.kubernetesVersion),
    monokle(objects),
    checkov(judges.python, objects, plan),
  ]);
  return {
    findings: findings.flat(),
    kubernetesObjects: objects.length,
    cloudResources: plan.resource_changes.length,
  };
}
