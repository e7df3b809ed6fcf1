/**
 * When a model gets another replica: what waits before its engine. From zero, only the gateway's own
 * queue can say so: an engine that does not run counts nothing, and would never be started. Pure.
 */
import { JOBS } from "../../observability/jobs.ts";

export interface Scaling {
  readonly replicas: { readonly least: number; readonly most: number };
  /** Requests that wait, a replica; with more, another one comes. */
  readonly waitingPerReplica: number;
  readonly gpusPerReplica: number;
  /** What the site has for this model. */
  readonly gpusDeclared: number;
  /** Until a new replica serves: fetched, loaded, warm. */
  readonly startSeconds: number;
}

export interface Trigger {
  readonly name: string;
  readonly query: string;
  readonly threshold: number;
}

/** Kubernetes takes no longer window (autoscaling/v2, stabilizationWindowSeconds). */
const WINDOW_SECONDS_MAX = 3_600;
/** Kubernetes' own, where a start is quicker. */
const WINDOW_SECONDS_MIN = 300;

/** In words for whoever set it. */
export function scalingFaults(scaling: Scaling): string[] {
  const { replicas, gpusPerReplica, gpusDeclared } = scaling;
  const faults: string[] = [];
  if (replicas.most < replicas.least || replicas.most < 1) {
    faults.push(`from ${replicas.least} to ${replicas.most} replicas is no range`);
  }
  const most = Math.floor(gpusDeclared / gpusPerReplica);
  if (replicas.most > most) {
    faults.push(
      `${replicas.most} replicas of ${gpusPerReplica} GPUs are ${replicas.most * gpusPerReplica}, and ${gpusDeclared} are declared: ${most} at most`,
    );
  }
  return faults;
}

/** A replica that goes is missed for as long as one takes to come. */
export function stabilisationSeconds({ startSeconds }: Scaling): number {
  return Math.min(WINDOW_SECONDS_MAX, Math.max(WINDOW_SECONDS_MIN, Math.ceil(startSeconds)));
}

/**
 * No data is not no load: a query without an answer fails, and the scaler then keeps what there is.
 * Only where zero is allowed, an engine that nobody scrapes counts as one that does not run.
 */
export function triggersOf(model: string, { replicas, waitingPerReplica }: Scaling): Trigger[] {
  const waiting = `sum(vllm:num_requests_waiting{model_name="${model}"})`;
  const engine = { name: "waiting", threshold: waitingPerReplica };
  if (replicas.least > 0) return [{ ...engine, query: waiting }];
  const none = `(absent(up{job="${JOBS.modelServer}",model="${model}"}) - 1)`;
  const queue = `sum(api_queue_length{model="${model}"})`;
  return [
    { ...engine, query: `${waiting} or ${none}` },
    { name: "queue", query: queue, threshold: waitingPerReplica },
  ];
}
