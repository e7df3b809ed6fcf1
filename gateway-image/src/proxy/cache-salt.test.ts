/** Whose prompts share a model server's cache: by the salt that each call carries. */
import { expect, test } from "vitest";
import { scanMembers } from "../base/json-members.ts";
import type { Call, RequestContext } from "../context.ts";
import { cacheSalt } from "./cache-salt.ts";

interface Who {
  readonly tenant?: string;
  readonly principal?: string;
  readonly scope?: "tenant" | "principal" | "site";
  readonly own?: unknown;
}

function saltOf({ tenant = "a", principal = "p", scope = "tenant", own }: Who = {}): string | null {
  const body = Buffer.from(JSON.stringify({ prompt: "x", cache_salt: own }));
  const caller = { tenant: { id: tenant }, principal };
  const context = { caller, model: { prefixCache: scope }, body } as unknown as RequestContext;
  return cacheSalt(context, { members: scanMembers(body)?.members ?? [] } as unknown as Call);
}

test("is one for a tenant, and another one for another tenant", () => {
  expect(saltOf()).toMatch(/^"[\w-]{43}"$/);
  expect(saltOf({ principal: "q" })).toBe(saltOf());
  expect(saltOf({ tenant: "b" })).not.toBe(saltOf());
});

test("keeps principals apart where the model says so", () => {
  const mine = saltOf({ scope: "principal" });
  expect(mine).not.toBe(saltOf());
  expect(saltOf({ scope: "principal", principal: "q" })).not.toBe(mine);
  expect(saltOf({ scope: "principal" })).toBe(mine);
});

test("a caller's own keeps its calls apart, and finds no other's", () => {
  const theirs = JSON.parse(saltOf({ tenant: "b" }) ?? "");
  const salts = [undefined, "x", "y", theirs].map((own) => saltOf({ own }));
  expect(new Set([...salts, saltOf({ tenant: "b" })]).size).toBe(5);
});

test("is left to the caller where the whole site shares", () => {
  expect(saltOf({ scope: "site", own: "x" })).toBeNull();
});
