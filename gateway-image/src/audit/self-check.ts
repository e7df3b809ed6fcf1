/**
 * A gateway judges its own part of the audit trail, over and over, so that a change is found by an
 * alert and not by the next audit.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditAnchor } from "./audit-anchor-store.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { judgeBeside } from "./verify-trail.ts";

export interface SelfCheck {
  readonly trail: AuditTrail;
  readonly anchors: () => Promise<readonly AuditAnchor[]>;
  /** From the end of one check to the next one's beginning, at least. */
  readonly pauseMs: number;
  /** How much longer than a check a pause is: a long trail must not keep the disk busy. */
  readonly restFactor: number;
  readonly monotonicMs: () => number;
  readonly onVerdict: (faults: number) => void;
  readonly onFault: (cause: unknown) => void;
}

/** Ends when the signal says so. */
export async function checkOwnTrail(check: SelfCheck, signal: AbortSignal): Promise<void> {
  const { folder, publicKey } = check.trail;
  while (!signal.aborted) {
    const begunMs = check.monotonicMs();
    try {
      // The anchors first: lines that come meanwhile are no fault.
      const anchors = await check.anchors();
      const report = await judgeBeside({ folder, publicKey, anchors }, signal);
      check.onVerdict(report.faults.length);
    } catch (cause) {
      if (signal.aborted) return;
      check.onFault(cause);
    }
    const tookMs = check.monotonicMs() - begunMs;
    const pauseMs = Math.max(check.pauseMs, tookMs * check.restFactor);
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
  }
}
