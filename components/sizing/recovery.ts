/**
 * How long a standby site takes to serve when the primary is gone (RTO), and how much of what was
 * written last may then be missing (RPO): the sum of its steps and the longest lag of its replicas,
 * against what was promised. Pure.
 */
import { startupOf } from "./startup.ts";

/** How far a replica may be behind, and who says so. */
export const LAG_SECONDS = {
  /** A commit waits for the replica. */
  synchronous: 0,
  /** A WAL segment is shipped when it is full or archive_timeout is over (CloudNativePG: 5 min). */
  walArchive: 300,
  /** S3 replication time control: 99.99 % of objects within 15 minutes, the one value there is. */
  objectReplication: 900,
} as const;

export interface Replica {
  /** What is replicated, as `ledger` or `audit archive`. */
  readonly name: string;
  /** The bound that is alerted on; `LAG_SECONDS` has those of known ways. */
  readonly lagSeconds: number;
}

export interface RecoveryRequest {
  /** Somebody asks the primary in this interval, and believes so many failures in a row. */
  readonly detection: { readonly intervalSeconds: number; readonly failures: number };
  /** For so long callers may keep the former address. */
  readonly dnsTtlSeconds: number;
  /** GPU nodes that serve at the standby all the time; with one, nothing is booted or loaded. */
  readonly warmNodes: number;
  readonly nodeBootSeconds: number;
  /** Of the model that takes longest: what one node reads, and how fast. */
  readonly weights: { readonly bytesPerNode: number; readonly bytesPerSecond: number };
  readonly replicas: readonly Replica[];
  /** What was promised. */
  readonly budget: { readonly rtoSeconds: number; readonly rpoSeconds: number };
}

export interface Term {
  readonly name: string;
  readonly seconds: number;
}

export interface Recovery {
  /** Whole seconds, rounded up. */
  readonly rtoSeconds: number;
  readonly rpoSeconds: number;
  /** What the first is the sum of, in the order of time. */
  readonly rtoTerms: readonly Term[];
  /** What the second is the largest of. */
  readonly rpoTerms: readonly Term[];
}

export type RecoveryPlan =
  | { readonly recovery: Recovery }
  | { readonly refusal: { readonly reasons: readonly string[]; readonly recovery: Recovery } };

/** Refuses what is over the budget, and names the term that weighs most. */
export function recoveryOf(request: RecoveryRequest): RecoveryPlan {
  const rtoTerms = steps(request);
  const rpoTerms = request.replicas.map(({ name, lagSeconds }) => ({ name, seconds: lagSeconds }));
  for (const { name, seconds } of [...rtoTerms, ...rpoTerms]) {
    if (!(seconds >= 0)) throw new Error(`${name}: ${seconds} is no time`);
  }
  const recovery = {
    rtoSeconds: Math.ceil(rtoTerms.reduce((sum, { seconds }) => sum + seconds, 0)),
    rpoSeconds: Math.ceil(Math.max(0, ...rpoTerms.map(({ seconds }) => seconds))),
    rtoTerms,
    rpoTerms,
  };
  const { rtoSeconds, rpoSeconds } = request.budget;
  const reasons = [
    ...overBudget("service is back", recovery.rtoSeconds, rtoSeconds, rtoTerms),
    ...overBudget("data may be lost", recovery.rpoSeconds, rpoSeconds, rpoTerms),
  ];
  return reasons.length === 0 ? { recovery } : { refusal: { reasons, recovery } };
}

function steps(request: RecoveryRequest): Term[] {
  const { detection, dnsTtlSeconds, warmNodes, nodeBootSeconds, weights } = request;
  const { loadSeconds, seconds } = startupOf(weights.bytesPerNode, weights.bytesPerSecond);
  const cold = warmNodes === 0;
  return [
    { name: "detection", seconds: detection.intervalSeconds * detection.failures },
    { name: "DNS time to live", seconds: dnsTtlSeconds },
    { name: "boot of a GPU node", seconds: cold ? nodeBootSeconds : 0 },
    { name: "load of the weights", seconds: cold ? loadSeconds : 0 },
    { name: "warm-up", seconds: cold ? seconds - loadSeconds : 0 },
  ];
}

function overBudget(what: string, value: number, budget: number, terms: readonly Term[]): string[] {
  if (value <= budget) return [];
  const [largest] = [...terms].sort((a, b) => b.seconds - a.seconds);
  const named = largest === undefined ? "" : `; most of it is ${written(largest)}`;
  return [`${what}: ${value} s, and ${budget} s are promised${named}`];
}

function written({ name, seconds }: Term): string {
  return `${name}, ${Math.ceil(seconds)} s`;
}
