/**
 * A program with several equal pods (edge, gateway, model servers): a Deployment that never has
 * fewer pods than asked for while it rolls, and the disruption budget that goes with it. Pure.
 */
import type * as k8s from "@pulumi/kubernetes";
import { labelsOf, selectorOf } from "./component.ts";
import { type Program, podTemplate } from "./pod-template.ts";
import { progressDeadlineSeconds } from "./sizing/probes.ts";

export interface Replicated {
  readonly namespace: string;
  /** Name of the Deployment and the budget; a model server's carries its model. */
  readonly name: string;
  readonly program: Program;
  readonly replicas: number;
  /** An autoscaler says how many there are: a number of ours would set it back at every change. */
  readonly scaled?: boolean;
  readonly startSeconds: number;
  /** Before the program itself starts: weights are fetched. */
  readonly prepareSeconds?: number;
  /**
   * Pods of the new generation that start before an old one leaves; 0 where what they need (GPUs)
   * is not there twice.
   */
  readonly surge: number;
}

export function deployment(args: Replicated): k8s.apps.v1.DeploymentArgs {
  const { program } = args;
  return {
    metadata: {
      name: args.name,
      namespace: args.namespace,
      labels: labelsOf(program.name, program.labels),
    },
    spec: {
      ...(args.scaled === true ? {} : { replicas: args.replicas }),
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: progressDeadlineSeconds(args.startSeconds, args.prepareSeconds),
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: args.surge, maxUnavailable: args.surge > 0 ? 0 : 1 },
      },
      selector: { matchLabels: selectorOf(program.name, program.labels) },
      template: podTemplate(program),
    },
  };
}

/** One pod at a time may be taken away by a drain of nodes. Only where another one stays. */
export function disruptionBudget(
  args: Replicated,
): k8s.policy.v1.PodDisruptionBudgetArgs | undefined {
  if (args.replicas < 2) return undefined;
  const { program } = args;
  return {
    metadata: {
      name: args.name,
      namespace: args.namespace,
      labels: labelsOf(program.name, program.labels),
    },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorOf(program.name, program.labels) },
      // A pod that is not ready serves nobody; it must not stop a drain.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}
