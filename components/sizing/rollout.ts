/**
 * How replicas that hold GPUs are replaced where GPUs are few: a new one that waits for what the old
 * one holds waits for ever, so the surge is what the declared inventory can spare. Pure.
 */
export interface RolloutRequest {
  readonly replicas: number;
  readonly gpusPerReplica: number;
  /** What the site has for this model. */
  readonly gpusDeclared: number;
  /** New replicas beside the old ones; absent: as many as can be spared, one at most. */
  readonly surge?: number | undefined;
}

export interface Rollout {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** Replicas that serve while one is replaced; 0: nobody does for as long as a start takes. */
  readonly servingLeast: number;
  readonly gpusSpare: number;
}

export function rolloutOf(
  request: RolloutRequest,
): { readonly rollout: Rollout } | { readonly refusal: string } {
  const { replicas, gpusPerReplica, gpusDeclared } = request;
  const needed = replicas * gpusPerReplica;
  if (needed > gpusDeclared) {
    const most = Math.floor(gpusDeclared / gpusPerReplica);
    return {
      refusal: `${replicas} replicas of ${gpusPerReplica} GPUs are ${needed}, and ${gpusDeclared} are declared: ${most} at most`,
    };
  }
  const gpusSpare = gpusDeclared - needed;
  const spareReplicas = Math.floor(gpusSpare / gpusPerReplica);
  const maxSurge = request.surge ?? Math.min(1, spareReplicas);
  if (maxSurge > spareReplicas) {
    return {
      refusal: `a surge of ${maxSurge} needs ${maxSurge * gpusPerReplica} GPUs beside the ${needed} in use, and ${gpusSpare} are spare: the new replica would wait for ever for what the old one holds`,
    };
  }
  const maxUnavailable = maxSurge > 0 ? 0 : 1;
  return {
    rollout: { maxSurge, maxUnavailable, servingLeast: replicas - maxUnavailable, gpusSpare },
  };
}
