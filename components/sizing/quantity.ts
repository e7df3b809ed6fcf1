/** Kubernetes quantities as numbers, and what programs are told about the memory they may use. */
const MEBIBYTES: Readonly<Record<string, number>> = { Mi: 1, Gi: 1_024, Ti: 1_048_576 };

/** "512Mi" → 512, "2Gi" → 2048. */
export function mebibytes(quantity: string): number {
  const match = /^([1-9][0-9]*)(Mi|Gi|Ti)$/.exec(quantity);
  const unit = MEBIBYTES[match?.[2] ?? ""];
  if (match === null || unit === undefined) throw new Error(`not a memory quantity: ${quantity}`);
  return Number(match[1]) * unit;
}

/** "250m" → 250, "2" → 2000. */
export function millicores(quantity: string): number {
  const match = /^([1-9][0-9]*)(m?)$/.exec(quantity);
  if (match === null) throw new Error(`not a processor quantity: ${quantity}`);
  return Number(match[1]) * (match[2] === "m" ? 1 : 1_000);
}

/**
 * Redis copies pages while it rewrites its log, at worst all of them that change meanwhile; data
 * may fill 60 % of the container, the rest is for copies, buffers and the program.
 */
export function redisMemoryMebibytes(container: string): number {
  return Math.floor(mebibytes(container) * 0.6);
}

/** PostgreSQL's own advice for shared_buffers: a quarter of the memory. */
export function postgresSharedMebibytes(container: string): number {
  return Math.max(16, Math.floor(mebibytes(container) / 4));
}

/** V8's young generation is three semi-spaces. */
const SEMI_SPACES = 3;
/** Half of what Node takes where nothing limits its memory; V8 takes some 1 MiB in a container with a limit. */
const SEMI_SPACE_MEBIBYTES = 8;

export interface NodeHeap {
  readonly oldMebibytes: number;
  readonly semiSpaceMebibytes: number;
}

/**
 * Node's heap may fill 75 % of the container; the rest is buffers, TLS and the program itself. At
 * most an eighth of it is young: too small a young generation is collected all the time.
 */
export function nodeHeap(container: string): NodeHeap {
  const heap = Math.floor(mebibytes(container) * 0.75);
  const share = Math.floor(heap / 8 / SEMI_SPACES);
  const semiSpaceMebibytes = Math.min(SEMI_SPACE_MEBIBYTES, Math.max(1, share));
  return { oldMebibytes: heap - SEMI_SPACES * semiSpaceMebibytes, semiSpaceMebibytes };
}

/** One nginx worker per whole core, at least two so that a slow handshake stops nobody. */
export function nginxWorkers(cpu: string): number {
  return Math.max(2, Math.ceil(millicores(cpu) / 1_000));
}
