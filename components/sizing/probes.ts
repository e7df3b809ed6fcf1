/**
 * Probe budgets from how long a program takes to start and to answer. The start-up probe owns the
 * whole start, so that the liveness probe can be strict without killing a slow starter.
 */
export interface ProbeTiming {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface ProbeBudget {
  readonly startup: ProbeTiming;
  readonly readiness: ProbeTiming;
  readonly liveness: ProbeTiming;
}

/** A start on a busy machine with cold disks takes a multiple of the measured one. */
const START_FACTOR = 6;
const START_SECONDS_MIN = 60;

export function probeBudget(startSeconds: number): ProbeBudget {
  const budget = Math.max(START_SECONDS_MIN, startSeconds * START_FACTOR);
  // Quick starters are asked every second, so that nothing idles; slow ones less often.
  const period = startSeconds <= 30 ? 1 : 10;
  return {
    startup: {
      periodSeconds: period,
      timeoutSeconds: 3,
      failureThreshold: Math.ceil(budget / period),
    },
    // Out of the endpoints after 6 s, killed only after a minute of silence.
    readiness: { periodSeconds: 3, timeoutSeconds: 3, failureThreshold: 2 },
    liveness: { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}

/** The longest time a rollout of one pod may need before it counts as stuck. */
export function progressDeadlineSeconds(startSeconds: number, prepareSeconds = 0): number {
  const startup = probeBudget(startSeconds).startup;
  const prepared = prepareSeconds * START_FACTOR;
  return prepared + startup.periodSeconds * startup.failureThreshold + 120;
}
