/**
 * Callers ask for more than their tier gives; an administrator grants it, all or part, or refuses.
 * A grant and what it changes are written together or not at all.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Caller } from "../directory/caller.ts";
import type { Directory } from "../directory/directory.ts";
import type { EntityChange } from "../directory/directory-store.ts";
import type { QuotaRequest } from "../directory/entities.ts";
import { entityName, limitsSchema } from "../directory/fields.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { applyChanges } from "./apply-changes.ts";

const someLimits = limitsSchema
  .refine((wanted) => Object.keys(wanted).length > 0, { message: "name a limit" })
  .meta({ minProperties: 1 });

export const quotaWishSchema = z.strictObject({
  limits: someLimits,
  reason: z.string().max(512).default(""),
});

export const quotaDecisionSchema = z.strictObject({
  request: entityName,
  decision: z.enum(["grant", "refuse"]),
  limits: someLimits.optional().describe("Instead of what was asked for."),
  note: z.string().max(512).default("").describe("Told to who asked."),
});

export class QuotaRequests {
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(directory: Directory, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** The newest first. */
  of(principal: string): QuotaRequest[] {
    return this.#directory
      .list("quotaRequest")
      .map(({ entity }) => entity)
      .filter((request) => request.principal === principal)
      .sort((a, b) => (a.created < b.created ? 1 : -1));
  }

  async ask(caller: Caller, wish: z.output<typeof quotaWishSchema>): Promise<QuotaRequest> {
    const own = this.of(caller.principal);
    if (own.filter(({ status }) => status === "open").length >= limits.quotaRequestsOpenMax) {
      throw new GatewayError("too_many_quota_requests");
    }
    const request: QuotaRequest = {
      id: randomUUID(),
      principal: caller.principal,
      tenant: caller.tenant.id,
      tier: caller.tierName,
      ...wish,
      created: new Date(this.#clock.wallMs()).toISOString(),
      status: "open",
    };
    const updatedBy = caller.principal;
    // Of those that are decided the oldest go.
    const old = own.filter(({ status }) => status !== "open").slice(limits.quotaRequestsKept);
    await applyChanges(this.#directory, [
      { kind: "quotaRequest", id: request.id, body: request, expected: null, updatedBy },
      ...old.map(({ id }): EntityChange => ({ kind: "quotaRequest", id, body: null, updatedBy })),
    ]);
    return request;
  }

  async decide(
    updatedBy: string,
    { request: id, decision, limits: instead, note }: z.output<typeof quotaDecisionSchema>,
  ): Promise<QuotaRequest> {
    const found = this.#directory.get("quotaRequest", id);
    if (found === undefined) throw new GatewayError("entity_not_found");
    const { entity, revision } = found;
    if (entity.status !== "open") throw new GatewayError("revision_conflict");
    const granted = instead ?? entity.limits;
    const decided: QuotaRequest = {
      ...entity,
      ...(decision === "grant" ? { limits: granted } : {}),
      status: decision === "grant" ? "granted" : "refused",
      decided: new Date(this.#clock.wallMs()).toISOString(),
      decidedBy: updatedBy,
      note,
    };
    await applyChanges(this.#directory, [
      { kind: "quotaRequest", id, body: decided, expected: revision, updatedBy },
      ...(decision === "grant" ? [this.#raise(entity.principal, granted, updatedBy)] : []),
    ]);
    return decided;
  }

  #raise(principal: string, granted: QuotaRequest["limits"], updatedBy: string): EntityChange {
    const found = this.#directory.get("principal", principal);
    if (found === undefined) throw new GatewayError("entity_not_found");
    const raisedLimits = { ...found.entity.raisedLimits, ...granted };
    const body = { ...found.entity, raisedLimits };
    return { kind: "principal", id: principal, body, expected: found.revision, updatedBy };
  }
}
