/**
 * What owners of keys do without an administrator: rotate the key that they call with, and make
 * temporary ones of it, which may less and end by themselves. Neither grants anything new.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import type { Caller } from "../directory/caller.ts";
import { endOf } from "../directory/credential-end.ts";
import type { Directory, Found } from "../directory/directory.ts";
import type { EntityChange } from "../directory/directory-store.ts";
import { entityName } from "../directory/fields.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { applyChanges } from "./apply-changes.ts";
import { freshSecret, type Issued, successor } from "./issuing.ts";

export const temporaryKeySchema = z.strictObject({
  seconds: z.number().int().min(60).max(86_400).describe("How long it serves."),
  models: z
    .array(entityName)
    .min(1)
    .max(100)
    .optional()
    .describe("Of the models that the maker may use; absent: all of them."),
  name: z.string().max(128).default(""),
});

export interface OwnKeysParts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly box: () => SealedBox | null;
}

export class OwnKeys {
  readonly #parts: OwnKeysParts;

  constructor(parts: OwnKeysParts) {
    this.#parts = parts;
  }

  async rotate(caller: Caller, overlapHours: number): Promise<object> {
    const { directory, clock, box } = this.#parts;
    const own = this.#ownOf(caller);
    if (own === null) throw invalid("Only a key rotates itself; this call has another credential.");
    const { kind, found } = own;
    if (found.entity.temporaryOf !== undefined) throw invalid("A temporary key is not rotated.");
    const { members, secret } = freshSecret(kind, box());
    const { next, changes } = successor(kind, found, {
      members,
      overlapHours,
      nowMs: clock.wallMs(),
      updatedBy: caller.principal,
    });
    await applyChanges(directory, changes);
    return { ...this.#shown(kind, next), replaces: caller.credential, ...secret };
  }

  async makeTemporary(
    caller: Caller,
    { seconds, models, name }: z.output<typeof temporaryKeySchema>,
  ): Promise<object> {
    const { directory, clock } = this.#parts;
    const maker = this.#ownOf(caller)?.found.entity;
    if (maker?.temporaryOf !== undefined) throw invalid("A temporary key makes no other one.");
    // It would be a way around the authenticator.
    if ([...caller.permissions].some((permission) => permission.startsWith("admin:"))) {
      throw invalid("Administrators have no temporary keys.");
    }
    const { members, secret } = freshSecret("apiKey", null);
    const id = `temporary-${randomUUID()}`;
    const nowMs = clock.wallMs();
    const body = {
      principal: caller.principal,
      name,
      created: new Date(nowMs).toISOString(),
      expires: new Date(nowMs + seconds * 1000).toISOString(),
      models: narrowed(caller, models),
      ...(maker === undefined ? {} : { temporaryOf: maker.id, limits: maker.limits }),
      ...(maker?.addresses === undefined ? {} : { addresses: maker.addresses }),
      ...(maker?.tier === undefined ? {} : { tier: maker.tier }),
      ...members,
    };
    const updatedBy = caller.principal;
    const made: EntityChange = { kind: "apiKey", id, body, expected: null, updatedBy };
    await applyChanges(directory, [made, ...this.#ended(caller.principal, nowMs)]);
    return { ...this.#shown("apiKey", id), ...secret };
  }

  /** Removed when the next one is made, so that they never become many. */
  #ended(principal: string, nowMs: number): EntityChange[] {
    const temporary = this.#parts.directory
      .list("apiKey")
      .filter(({ entity }) => entity.principal === principal && isTemporary(entity.id));
    const ended = temporary.filter(({ entity }) => (endOf(entity) ?? Infinity) <= nowMs);
    if (temporary.length - ended.length >= limits.temporaryKeysMax) {
      throw new GatewayError("too_many_keys");
    }
    return ended.map(({ entity: { id } }) => ({
      kind: "apiKey",
      id,
      body: null,
      updatedBy: principal,
    }));
  }

  /** The entry of the key that the caller calls with, also through a token for it; null: it is no key. */
  #ownOf({ method, credential }: Caller): { kind: Issued; found: Found<Issued> } | null {
    if (method === "oidc" || method === "certificate") return null;
    const kind = method === "api_key" ? "apiKey" : "accessKey";
    const found = this.#parts.directory.get(kind, credential);
    return found === undefined ? null : { kind, found };
  }

  #shown(kind: Issued, id: string) {
    const entity = this.#parts.directory.get(kind, id)?.entity;
    const endsMs = entity === undefined ? null : endOf(entity);
    return {
      object: "key",
      id,
      name: entity?.name ?? "",
      models: entity?.models ?? "*",
      expires: endsMs === null ? null : new Date(endsMs).toISOString(),
      ...(entity !== undefined && "accessKey" in entity ? { accessKey: entity.accessKey } : {}),
    };
  }
}

function narrowed(caller: Caller, wanted: readonly string[] | undefined): "*" | string[] {
  const { models } = caller;
  if (wanted === undefined) return models === "*" ? "*" : [...models];
  const beyond = wanted.find((name) => models !== "*" && !models.has(name));
  if (beyond === undefined) return [...wanted];
  throw new GatewayError("model_not_allowed", { param: "models" });
}

function isTemporary(id: string): boolean {
  return id.startsWith("temporary-");
}

function invalid(message: string): GatewayError {
  return new GatewayError("invalid_request", { message });
}
