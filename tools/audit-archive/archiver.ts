/**
 * One round: looks at what waits, ships it, a few at a time, and says how it stands afterwards. What
 * cannot be shipped now waits for the next round; nothing is ever taken away from where it lies.
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../base/user-error.ts";
import { ArchiveFault, type ArchiveTarget, type Shipment, type Taken } from "./archive-target.ts";
import { lookAt } from "./audit-folder.ts";
import { limits } from "./limits.ts";
import { planRound, type RoundPlan } from "./round-plan.ts";
import type { Shipped } from "./shipped.ts";
import { sha256Of } from "./volume-target.ts";

export interface ArchiverOptions {
  /** The gateway's, to read only. */
  readonly folder: string;
  readonly target: ArchiveTarget;
  readonly shipped: Shipped;
  /** How old what waits may be before its day is told as late. */
  readonly lateMs: number;
  readonly nowMs: () => number;
  readonly log: (level: "info" | "warn" | "error", message: string, fields: object) => void;
  /** Before another attempt; tests wait for nothing. */
  readonly backOffMs?: number;
}

export class Archiver {
  readonly #options: ArchiverOptions;
  #standing: RoundPlan | null = null;
  #late: readonly string[] = [];
  /** Since its start. */
  shippedTotal = 0;
  faultsTotal = 0;

  constructor(options: ArchiverOptions) {
    this.#options = options;
  }

  /** null: no round has ended yet. */
  get standing(): RoundPlan | null {
    return this.#standing;
  }

  /** Never rejects. */
  async round(signal: AbortSignal): Promise<void> {
    try {
      const { days, plan: before } = await this.#look();
      await this.#shipAll(before.due, signal);
      const { days: left, plan: after } = await this.#look();
      this.#tellLate(after);
      await this.#options.shipped.keepOnly([...new Set([...days, ...left])]);
    } catch (error) {
      this.#fault(error);
    }
  }

  async #look() {
    const { folder, shipped, nowMs, lateMs } = this.#options;
    const { days, waiting } = await lookAt(folder, (name) => shipped.has(name));
    const plan = planRound(waiting, nowMs(), lateMs);
    this.#standing = plan;
    return { days, plan };
  }

  async #shipAll(due: RoundPlan["due"], signal: AbortSignal): Promise<void> {
    const rest = due.values();
    let given = false;
    const lane = async () => {
      for (const { name } of rest) {
        if (given || signal.aborted) return;
        try {
          await this.#ship(name, signal);
        } catch (error) {
          this.#fault(error);
          // Whatever refuses this one for a reason of its own will refuse the others as well.
          given ||= !(error instanceof ArchiveFault && error.kind === "segment");
        }
      }
    };
    await Promise.all(Array.from({ length: limits.shipmentsAtOnce }, lane));
  }

  async #ship(name: string, signal: AbortSignal): Promise<void> {
    const { folder, shipped, target, log } = this.#options;
    const file = path.join(folder, name);
    const { size: bytes } = await stat(file);
    const shipment = { name, file, bytes, sha256: await sha256Of(file) };
    const taken = await this.#attempts(shipment, signal);
    await shipped.note(name, shipment.sha256);
    this.shippedTotal += 1;
    const message = taken === "taken" ? "archived" : "was archived before";
    log("info", message, { segment: name, bytes, sha256: shipment.sha256, target: target.where });
  }

  async #attempts(shipment: Shipment, signal: AbortSignal): Promise<Taken> {
    const { target, backOffMs = limits.backOffMs } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(limits.shipmentMs)]);
        return await target.put(shipment, limited);
      } catch (error) {
        const passes = error instanceof ArchiveFault && error.kind === "passing";
        if (!passes || attempt === limits.attempts || signal.aborted) throw error;
        const wait = backOffMs * 2 ** (attempt - 1) * (1 + Math.random() / 2);
        await sleep(wait, undefined, { signal });
      }
    }
  }

  #fault(error: unknown): void {
    this.faultsTotal += 1;
    const { log } = this.#options;
    if (error instanceof UserError) {
      log("warn", `not archived: ${error.message}`, { where: error.where, fix: error.fix });
    } else {
      const stack = error instanceof Error ? error.stack : String(error);
      log("error", "not archived", { stack });
    }
  }

  /** Once when a day becomes late, and once when nothing of it waits any more. */
  #tellLate({ late }: RoundPlan): void {
    const { log } = this.#options;
    for (const { day, segments, oldestSeconds } of late) {
      if (this.#late.includes(day)) continue;
      log("error", "a day of the audit trail is not archived", { day, segments, oldestSeconds });
    }
    const days = late.map(({ day }) => day);
    for (const day of this.#late.filter((one) => !days.includes(one))) {
      log("info", "the day is archived now", { day });
    }
    this.#late = days;
  }
}
