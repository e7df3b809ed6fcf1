/**
 * Whoever carries a stream may finish it: the time a pod gets to stop is longer than the wait
 * before the stop plus the longest stream. The gateway's own setting tells how long a stream may
 * last (GW_STREAM_TIMEOUT_MS); without it, the configured `longestStreamSeconds` counts.
 */
import type { Context, Rule } from "../judging/rule.ts";
import { judgeEach } from "../kubernetes/judge.ts";
import { containersOf, hasPods, type Pod, podsOf } from "../kubernetes/pods.ts";
import { runs } from "../kubernetes/read.ts";
import { asFields, at, type Fields } from "../kubernetes/values.ts";
import { variableOf } from "../kubernetes/variables.ts";

/** Programs on the path of a stream. */
const PROGRAMS = ["edge", "gateway", "model-server"];
const STREAM_VARIABLE = "GW_STREAM_TIMEOUT_MS";
/** The default of the settings (gateway.longestStreamSeconds). */
const LONGEST_STREAM_SECONDS = 600;
/** Kubernetes' default where a pod says nothing. */
const GRACE_DEFAULT_SECONDS = 30;

export const drainOutlastsStreams: Rule = {
  name: "drain-outlasts-streams",
  description: "Edge, gateway and model servers stop more slowly than the longest stream ends.",
  severity: "medium",
  configSchema: {
    properties: {
      longestStreamSeconds: { type: "number", minimum: 1, default: LONGEST_STREAM_SECONDS },
      programs: { type: "array", items: { type: "string" }, default: PROGRAMS },
    },
  },
  sees: "stack",
  about: "pods on the path of a stream",
  applies: ({ type, props }, { settings }) =>
    hasPods(type) && podsOf(type, props).items.some((pod) => isStreaming(pod, settings)),
  judge: (resource, report, context) => {
    const { settings, once } = context;
    const longest = once("longest", () => longestStream(context));
    judgeEach(podsOf(resource.type, resource.props).items, (pod) => {
      const fault = isStreaming(pod, settings) ? faultOf(pod, longest) : undefined;
      if (fault !== undefined) report.fails(fault);
    });
  },
};

function isStreaming(pod: Pod, settings: Fields): boolean {
  const programs = Array.isArray(settings.programs) ? settings.programs : PROGRAMS;
  return programs.some((program) => runs(pod, String(program)));
}

function faultOf(pod: Pod, longest: number): string | undefined {
  const set = pod.spec.terminationGracePeriodSeconds;
  const grace = typeof set === "number" ? set : GRACE_DEFAULT_SECONDS;
  const needed = longest + longestPreStop(pod);
  if (grace > needed) return undefined;
  return (
    `${pod.owner} is killed ${grace} s after the order to stop, but a stream may last ${needed} s ` +
    `from then. Set terminationGracePeriodSeconds above ${needed}.`
  );
}

function longestStream(context: Context): number {
  const { resources, settings } = context;
  const told: number[] = [];
  judgeEach(resources, ({ type, props }) => {
    judgeEach(podsOf(type, props).items, (pod) => {
      if (isStreaming(pod, settings)) told.push(...streamSeconds(pod, context));
    });
  });
  if (told.length > 0) return Math.max(...told);
  const configured = settings.longestStreamSeconds;
  return typeof configured === "number" ? configured : LONGEST_STREAM_SECONDS;
}

function streamSeconds(pod: Pod, context: Context): number[] {
  return containersOf(pod).items.flatMap((container) => {
    const value = Number(variableOf(container, STREAM_VARIABLE, context));
    return Number.isFinite(value) && value > 0 ? [value / 1000] : [];
  });
}

/** A preStop wait runs inside the grace period, before the program hears of the stop. */
function longestPreStop(pod: Pod): number {
  const seconds = containersOf(pod).items.map((container) => {
    const preStop = asFields(at(container.fields, "lifecycle", "preStop"));
    const sleep = at(preStop, "sleep", "seconds");
    return typeof sleep === "number" ? sleep : 0;
  });
  return Math.max(0, ...seconds);
}
