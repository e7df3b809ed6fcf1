/**
 * Erases what the gateway keeps of one principal, as far as the law lets it go (GDPR art. 17, PIPL
 * art. 47): the entry and its credentials, jobs, conversations, kept answers. The ledger's rows stay,
 * under a pseudonym that nobody can turn back. Doing it again finishes what a fault left undone.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Directory } from "../directory/directory.ts";
import type { EntityChange } from "../directory/directory-store.ts";
import { entityName } from "../directory/fields.ts";
import { GatewayError } from "../errors.ts";
import type { FineTuning } from "../fine-tuning/fine-tuning.ts";
import { isOpen, type JobStore } from "../jobs/job-store.ts";
import { limits } from "../limits.ts";
import type { LedgerStore } from "../stores/ledger-store.ts";
import { privatePrefix } from "../stores/private-entries.ts";
import type { SharedStore } from "../stores/shared-store.ts";
import { applyChanges } from "./apply-changes.ts";

export const erasureSchema = z.strictObject({ principal: entityName });

export interface EraserParts {
  readonly directory: Directory;
  readonly jobs: JobStore;
  readonly fineTunings: JobStore<FineTuning>;
  readonly clock: Clock;
  readonly shared: SharedStore;
  readonly ledger: LedgerStore;
  /** A job that runs here is stopped at once; elsewhere its lease says so. */
  readonly abortJob: (id: string) => void;
  /** How long the audit trail is kept; 0: for good. */
  readonly auditDays: number;
}

/** More than a principal can have made while entries last. */
const FINE_TUNINGS_MAX = 10_000;

export interface Erasure {
  readonly erased: Readonly<Record<string, number>>;
  readonly kept: readonly { readonly what: string; readonly why: string; readonly until: string }[];
}

export class Eraser {
  readonly #parts: EraserParts;

  constructor(parts: EraserParts) {
    this.#parts = parts;
  }

  /** Throws `entity_not_found` where nothing is known of such a principal. */
  async erase(principal: string, updatedBy: string): Promise<Erasure> {
    const { jobs, shared, abortJob } = this.#parts;
    // First: from then on nothing new can come.
    const entries = await this.#removeEntries(principal, updatedBy);
    const [ids, trainings, contexts, answers, cached, rows] = await Promise.all([
      jobs.erase(principal),
      this.#eraseFineTunings(principal),
      shared.deleteAll(privatePrefix("context", principal)),
      shared.deleteAll(privatePrefix("idempotency", principal)),
      // Nobody can tell whose question an answer was for, so all go: they are made again.
      shared.deleteAll("cache:"),
      this.#renameRows(principal),
    ]).catch((cause: unknown) => {
      throw new GatewayError("erasure_incomplete", { cause });
    });
    for (const id of ids) abortJob(id);
    const { erased, ending } = trainings;
    if (entries + ids.length + erased + ending + contexts + answers + rows === 0) {
      throw new GatewayError("entity_not_found");
    }
    return {
      erased: {
        directory_entries: entries,
        jobs: ids.length,
        fine_tuning_jobs: erased,
        fine_tuning_jobs_ending: ending,
        conversations: contexts,
        kept_answers: answers,
        cached_answers: cached,
        ledger_rows_renamed: rows,
      },
      kept: this.#kept(),
    };
  }

  /** Open ones are cancelled; an entry stays until what it began is removed, for it alone says so. */
  async #eraseFineTunings(principal: string) {
    const { fineTunings, clock } = this.#parts;
    const page = { principal, kind: "fine-tuning", limit: FINE_TUNINGS_MAX } as const;
    const found = await fineTunings.list(page);
    for (const job of found) if (isOpen(job)) await fineTunings.cancel(job.id, clock.wallMs());
    const ending = found.filter(
      ({ dueMs, detail }) => dueMs !== null && detail.removals === 0,
    ).length;
    return { ending, erased: ending > 0 ? 0 : (await fineTunings.erase(principal)).length };
  }

  /** Once the rows of calls that have ended are there, from every gateway. */
  async #renameRows(principal: string): Promise<number> {
    await sleep(2 * limits.ledgerFlushMs);
    return this.#parts.ledger.rename(principal, `erased-${randomUUID()}`);
  }

  async #removeEntries(principal: string, updatedBy: string): Promise<number> {
    const { directory } = this.#parts;
    const removals: EntityChange[] = [];
    for (const kind of ["apiKey", "accessKey"] as const) {
      for (const { entity } of directory.list(kind)) {
        if (entity.principal !== principal) continue;
        removals.push({ kind, id: entity.id, body: null, updatedBy });
      }
    }
    for (const { entity } of directory.list("quotaRequest")) {
      if (entity.principal !== principal) continue;
      removals.push({ kind: "quotaRequest", id: entity.id, body: null, updatedBy });
    }
    if (directory.get("principal", principal) !== undefined) {
      removals.push({ kind: "principal", id: principal, body: null, updatedBy });
    }
    if (removals.length > 0) await applyChanges(directory, removals);
    return removals.length;
  }

  #kept(): Erasure["kept"] {
    const { auditDays } = this.#parts;
    return [
      {
        what: "events of the audit trail, this erasure among them",
        why: "who did what must stay provable; they hold no prompt and no answer",
        until: auditDays === 0 ? "for good" : `${auditDays} days after each event`,
      },
      {
        what: "fine-tuning jobs that are being ended, with their models and data sets",
        why: "the entry tells the cluster to remove them; models and data sets are the site's files",
        until: "they are removed, and this is asked again",
      },
      {
        what: "rows of calls that have not ended yet",
        why: "they are billed when they end",
        until: "they end, and this is asked again",
      },
      {
        what: "lines of the log",
        why: "they hold no prompt and no answer",
        until: "as long as the site keeps its logs",
      },
      {
        what: "quota counters",
        why: "they hold a name and a number, and end by themselves",
        until: "the end of the month",
      },
    ];
  }
}
