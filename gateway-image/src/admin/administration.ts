/**
 * The administrators' API below /admin/v1: list, read, put and remove what the directory holds;
 * issue, rotate and revoke keys. A secret is shown once, when it is made.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { SealedBox } from "../base/sealed-box.ts";
import type { Caller } from "../directory/caller.ts";
import type { Directory } from "../directory/directory.ts";
import type { EntityChange } from "../directory/directory-store.ts";
import { GatewayError } from "../errors.ts";
import { hashPassword, PASSWORD_LENGTH_MAX } from "../identity/password.ts";
import { limits } from "../limits.ts";
import { applyChanges, parsed } from "./apply-changes.ts";
import { freshSecret, rotationSchema, successor } from "./issuing.ts";
import { keptMembers, type Resource, resourceOf, shown } from "./resources.ts";

export interface AdministrationParts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly box: () => SealedBox | null;
}

export interface AdminRequest {
  readonly caller: Caller;
  readonly method: string;
  /** After /admin/v1/, decoded: `api-keys/first/rotate`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Parsed; undefined where there is none. */
  readonly body: unknown;
  /** The revision that the author saw: If-Match. */
  readonly expected: number | undefined;
}

export interface AdminAnswer {
  readonly status: number;
  readonly body: object;
  readonly revision?: number;
}

export const PAGE_MAX = 1_000;
const PAGE_USUAL = 100;
export const passwordSchema = z
  .string()
  .min(limits.passwordLengthMin)
  .max(PASSWORD_LENGTH_MAX)
  .optional();
export class Administration {
  readonly #parts: AdministrationParts;

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
  }

  async answer(request: AdminRequest): Promise<AdminAnswer> {
    const [name = "", id, verb, ...rest] = request.path;
    const resource = resourceOf(name);
    if (resource === undefined || rest.length > 0) throw new GatewayError("not_found");
    if (!request.caller.permissions.has(resource.permission)) {
      throw new GatewayError("permission_denied");
    }
    await this.#catchUp(request.method);
    const action = `${request.method} ${verb ?? (id === undefined ? "all" : "one")}`;
    switch (action) {
      case "GET all":
        return this.#list(resource, request.query);
      case "GET one":
        return this.#show(resource, id ?? "");
      case "POST all":
        return this.#issue(resource, request);
      case "PUT one":
        if (resource.shownOnly) throw new GatewayError("method_not_allowed");
        return this.#put(resource, request, id ?? "");
      case "DELETE one":
        return this.#remove(resource, request, id ?? "");
      case "POST rotate":
        return this.#rotate(resource, request, id ?? "");
      default:
        throw new GatewayError(
          adminMethodsAt(request.path).length > 0 ? "method_not_allowed" : "not_found",
        );
    }
  }

  /** An administrator's last change may have been made by way of another gateway. */
  async #catchUp(method: string): Promise<void> {
    await this.#parts.directory.refresh().catch((cause: unknown) => {
      // What is known can be shown all the same.
      if (method !== "GET") throw new GatewayError("directory_unavailable", { cause });
    });
  }

  #list(resource: Resource, query: URLSearchParams): AdminAnswer {
    const after = query.get("after") ?? "";
    const wanted = query.get("limit") ?? String(PAGE_USUAL);
    const limit = /^\d{1,4}$/.test(wanted) ? Number(wanted) : 0;
    if (limit < 1 || limit > PAGE_MAX) {
      throw new GatewayError("invalid_request", { message: "limit: 1 to 1000.", param: "limit" });
    }
    const all = this.#parts.directory
      .list(resource.kind)
      .filter(({ entity }) => entity.id > after)
      .sort((a, b) => (a.entity.id < b.entity.id ? -1 : 1));
    const data = all.slice(0, limit).map((found) => shown(resource, found));
    return { status: 200, body: { object: "list", data, has_more: all.length > limit } };
  }

  #show(resource: Resource, id: string): AdminAnswer {
    const found = this.#parts.directory.get(resource.kind, id);
    if (found === undefined) throw new GatewayError("entity_not_found");
    return { status: 200, body: shown(resource, found), revision: found.revision };
  }

  async #put(resource: Resource, request: AdminRequest, id: string): Promise<AdminAnswer> {
    const existing = this.#parts.directory.get(resource.kind, id);
    if (existing === undefined && resource.issued !== undefined) {
      throw new GatewayError("entity_not_found");
    }
    const { password, ...input } = objectOf(request.body);
    refuseNamed(resource.hidden, input);
    if (input["id"] !== undefined && input["id"] !== id) {
      throw new GatewayError("invalid_request", { message: "id: not the path's.", param: "id" });
    }
    const kept = keptMembers(resource, existing?.entity);
    const body = { ...kept, ...input, ...(await passwordMembers(resource, password)) };
    await applyChanges(this.#parts.directory, [
      { kind: resource.kind, id, body, ...author(request) },
    ]);
    const { body: now, revision } = this.#show(resource, id);
    return { status: existing === undefined ? 201 : 200, body: now, ...withRevision(revision) };
  }

  async #remove(resource: Resource, request: AdminRequest, id: string): Promise<AdminAnswer> {
    this.#show(resource, id);
    await applyChanges(this.#parts.directory, [
      { kind: resource.kind, id, body: null, ...author(request) },
    ]);
    return { status: 200, body: { id, removed: true } };
  }

  async #issue(resource: Resource, request: AdminRequest): Promise<AdminAnswer> {
    if (resource.issued === undefined) throw new GatewayError("method_not_allowed");
    const id = issuedId(request.body);
    const { id: _id, ...input } = objectOf(request.body);
    const { members, secret } = freshSecret(resource.issued, this.#parts.box());
    refuseNamed(Object.keys(members), input);
    const created = new Date(this.#parts.clock.wallMs()).toISOString();
    const body = { created, ...input, ...members };
    const made = {
      kind: resource.kind,
      id,
      body,
      expected: null,
      updatedBy: request.caller.principal,
    };
    await applyChanges(this.#parts.directory, [made]);
    const { body: now, revision } = this.#show(resource, id);
    return { status: 201, body: { ...now, ...secret }, ...withRevision(revision) };
  }

  async #rotate(resource: Resource, request: AdminRequest, id: string): Promise<AdminAnswer> {
    if (resource.issued === undefined) throw new GatewayError("not_found");
    const { directory, clock } = this.#parts;
    const former = directory.get(resource.issued, id);
    if (former === undefined) throw new GatewayError("entity_not_found");
    const { overlapHours } = parsed(rotationSchema, request.body ?? {});
    const { members, secret } = freshSecret(resource.issued, this.#parts.box());
    const { next, changes } = successor(resource.issued, former, {
      members,
      overlapHours,
      nowMs: clock.wallMs(),
      updatedBy: request.caller.principal,
    });
    await applyChanges(directory, changes);
    const { body, revision } = this.#show(resource, next);
    return { status: 201, body: { ...body, ...secret }, ...withRevision(revision) };
  }
}

function objectOf(body: unknown): Record<string, unknown> {
  return parsed(z.record(z.string(), z.unknown()), body);
}

/** One that is no name is refused with the rest of the body. */
function issuedId(body: unknown): string {
  const { id = randomUUID() } = objectOf(body);
  return parsed(z.string(), id);
}

/** What the path after /admin/v1/ takes; none: there is no such path. */
export function adminMethodsAt([name = "", id, verb, ...rest]: readonly string[]): string[] {
  const resource = resourceOf(name);
  if (resource === undefined || rest.length > 0) return [];
  const issues = resource.issued !== undefined;
  if (id === undefined) return issues ? ["GET", "POST"] : ["GET"];
  if (verb === undefined) {
    return resource.shownOnly ? ["GET", "DELETE"] : ["GET", "PUT", "DELETE"];
  }
  return issues && verb === "rotate" ? ["POST"] : [];
}

/** Not ignored in silence: whoever sends a hash believes that it counts. */
function refuseNamed(names: readonly string[], input: Readonly<Record<string, unknown>>): void {
  const [param] = names.filter((name) => name in input);
  if (param !== undefined) {
    throw new GatewayError("invalid_request", { message: `${param}: cannot be set.`, param });
  }
}

async function passwordMembers(resource: Resource, password: unknown): Promise<object> {
  if (resource.kind !== "principal" || password === undefined) return {};
  const plain = parsed(passwordSchema, password);
  // Whoever sets somebody's password knows it: that one must be changed.
  return { passwordHash: await hashPassword(plain ?? ""), mustChangePassword: true };
}

function author({ caller, expected }: AdminRequest): Pick<EntityChange, "updatedBy" | "expected"> {
  const updatedBy = caller.principal;
  return expected === undefined ? { updatedBy } : { updatedBy, expected };
}

function withRevision(revision: number | undefined): { revision?: number } {
  return revision === undefined ? {} : { revision };
}
