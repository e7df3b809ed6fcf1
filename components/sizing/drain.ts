/**
 * How long each program may take to stop, from the longest stream. A stream passes edge, gateway and
 * model server; whoever is asked to stop must outlast it, and nobody may be killed before its own
 * drain is over.
 */
export interface Drain {
  readonly gateway: {
    /** After SIGTERM the listener still accepts this long: every node's endpoints learn of it. */
    readonly graceMs: number;
    /** Then running requests may take this long. */
    readonly timeoutMs: number;
    readonly terminationSeconds: number;
  };
  readonly edge: {
    readonly preStopSeconds: number;
    /** nginx closes what is still open after this. */
    readonly workerSeconds: number;
    /** Idle connections to the gateway live shorter than the gateway's grace (see below). */
    readonly upstreamIdleSeconds: number;
    readonly terminationSeconds: number;
  };
  readonly modelServer: {
    /** As the gateway's: the listener first, then running requests. */
    readonly graceMs: number;
    readonly timeoutMs: number;
    readonly terminationSeconds: number;
  };
}

/** kube-proxy and endpoint controllers usually settle within 2 s; five times that. */
const PROPAGATION_SECONDS = 10;
/** The gateway's own README: the pod must live 10 s beyond grace and drain. Half as much again. */
const MARGIN_SECONDS = 15;
/** A stream that began at the last moment still gets its time-out, its last write and its ledger row. */
const TAIL_SECONDS = 10;

export function drainOf(longestStreamSeconds: number): Drain {
  const running = longestStreamSeconds + TAIL_SECONDS;
  const termination = PROPAGATION_SECONDS + running + MARGIN_SECONDS;
  return {
    gateway: {
      graceMs: PROPAGATION_SECONDS * 1_000,
      timeoutMs: running * 1_000,
      terminationSeconds: termination,
    },
    edge: {
      preStopSeconds: PROPAGATION_SECONDS,
      workerSeconds: running,
      // A kept connection is either used during the gateway's grace (and then told to close) or is
      // idle long enough for nginx to close it: it is never closed under a request.
      upstreamIdleSeconds: PROPAGATION_SECONDS / 2,
      terminationSeconds: termination,
    },
    modelServer: {
      graceMs: PROPAGATION_SECONDS * 1_000,
      timeoutMs: running * 1_000,
      terminationSeconds: termination,
    },
  };
}
