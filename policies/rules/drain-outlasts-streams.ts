/**
 * Whoever carries a stream may finish it: the time a pod gets to stop is longer than the wait
 * before the stop plus the longest stream. The gateway's own setting tells how long a stream may
 * last (GW_STREAM_TIMEOUT_MS); without it, the configured `longestStreamSeconds` counts.
 */
import type { StackValidationPolicy } from "@pulumi/policy";
import { judgeEach } from "../kubernetes/judge.ts";
import { containersOf, type Pod, podsOf } from "../kubernetes/pods.ts";
import { asFields, at, type Fields } from "../kubernetes/values.ts";

const NAME_LABEL = "app.kubernetes.io/name";
/** Programs on the path of a stream, by their name label. */
const PROGRAMS = ["edge", "gateway", "model-server"];
const STREAM_VARIABLE = "GW_STREAM_TIMEOUT_MS";
/** The default of the settings (gateway.longestStreamSeconds). */
const LONGEST_STREAM_SECONDS = 600;
/** Kubernetes' default where a pod says nothing. */
const GRACE_DEFAULT_SECONDS = 30;

interface Streaming {
  readonly pod: Pod;
  readonly urn: string;
}

export const drainOutlastsStreams: StackValidationPolicy = {
  name: "drain-outlasts-streams",
  description: "Edge, gateway and model servers stop more slowly than the longest stream ends.",
  severity: "medium",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: {
      longestStreamSeconds: { type: "number", minimum: 1, default: LONGEST_STREAM_SECONDS },
      programs: { type: "array", items: { type: "string" }, default: PROGRAMS },
    },
  },
  validateStack: (args, reportViolation) => {
    const config = args.getConfig<Fields>();
    const programs = Array.isArray(config.programs) ? config.programs : PROGRAMS;
    const streaming: Streaming[] = [];
    try {
      judgeEach(args.resources, (resource) => {
        for (const pod of podsOf(resource.type, resource.props).items) {
          if (programs.includes(pod.labels[NAME_LABEL])) streaming.push({ pod, urn: resource.urn });
        }
      });
    } finally {
      const longest = longestStream(streaming, config);
      judgeEach(streaming, ({ pod, urn }) => {
        const fault = faultOf(pod, longest);
        if (fault !== undefined) reportViolation(fault, urn);
      });
    }
  },
};

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

function longestStream(streaming: readonly Streaming[], config: Fields): number {
  const told = streaming.flatMap(({ pod }) =>
    containersOf(pod).items.flatMap((container) => {
      const { env } = container.fields;
      const variable = (Array.isArray(env) ? env : []).find(
        (one: unknown) => at(one, "name") === STREAM_VARIABLE,
      );
      const value = Number(at(variable, "value"));
      return Number.isFinite(value) && value > 0 ? [value / 1000] : [];
    }),
  );
  if (told.length > 0) return Math.max(...told);
  const configured = config.longestStreamSeconds;
  return typeof configured === "number" ? configured : LONGEST_STREAM_SECONDS;
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
