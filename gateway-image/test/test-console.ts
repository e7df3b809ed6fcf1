/** A gateway with two tenants, four people and calls of theirs in its ledger, for tests of the console. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { hashPassword } from "../src/identity/password.ts";
import { testRow } from "../src/stores/ledger-store.contract.ts";
import type { LedgerRow } from "../src/stores/ledger-store.ts";
import { boot, type Harness, MODEL, simulate, temporaryFolder, testModel } from "./test-harness.ts";

export const PASSWORD = "correct horse battery staple";
export const SECOND_MODEL = "deepseek-coder-33b-instruct";

const MODELS = [MODEL, SECOND_MODEL, "bge-m3"];

/** Name, tenant, roles. */
const PEOPLE = [
  ["alice", "bank", ["caller"]],
  ["bob", "bank", ["tenant-admin"]],
  ["mallory", "shop", ["tenant-admin"]],
  ["root", "platform", ["system-admin"]],
] as const;

export type Person = (typeof PEOPLE)[number][0];

export interface Console {
  readonly harness: Harness;
  readonly keys: ReadonlyMap<Person, string>;
  ask(who: Person, path: string, init?: RequestInit): Promise<Response>;
}

export async function startConsole(rows: readonly LedgerRow[]): Promise<Console> {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const secret = path.join(temporaryFolder(), "jwt");
  writeFileSync(secret, `${randomBytes(32).toString("base64")}\n`);
  const passwordHash = await hashPassword(PASSWORD);
  // Passwords are taken five times a minute from one address; whatever is no test of them uses keys.
  const keys = new Map<Person, string>(PEOPLE.map(([id]) => [id, createApiKey()]));
  const harness = await boot({
    targets: [],
    models: MODELS.map((id) => testModel([{ url, model: MODEL }], { id })),
    env: { GW_JWT_SECRET_FILE: secret },
    tiers: {
      user: { requestsPerMinute: 60, requestsPerDay: 1_000, tokensPerMinute: 40_000 },
      service: {},
    },
    directory: {
      tenants: ["bank", "shop"].map((id) => ({ id, name: id })),
      principals: PEOPLE.map(([id, tenant, roles]) => ({
        ...{ id, kind: "user", name: id, tenant, tier: "user", roles, passwordHash },
      })),
      apiKeys: [...keys].map(([id, key]) => ({ id, principal: id, sha256: hashApiKey(key) })),
    },
  });
  await harness.gateway.parts.ledger.write(rows);
  return {
    harness,
    keys,
    ask: async (who, where, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${keys.get(who)}`);
      return fetch(`${harness.base}${where}`, { ...init, headers });
    },
  };
}

/** A call that ended so long ago. */
export function callOf(
  principal: Person,
  agoMs: number,
  change: Partial<LedgerRow> = {},
): LedgerRow {
  const tenant = PEOPLE.find(([id]) => id === principal)?.[1] ?? "";
  const finishedAt = new Date(Date.now() - agoMs);
  const startedAt = new Date(finishedAt.getTime() - (change.latencyMs ?? 100));
  const own = { principal, keyId: `jwt:${principal}`, tenant, model: MODEL };
  return testRow({ ...own, startedAt, finishedAt, latencyMs: 100, firstByteMs: 20, ...change });
}
