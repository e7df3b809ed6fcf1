/** The console's data and page: who may see whose calls, and what a browser may do on the page. */
import { afterEach, describe, expect, test } from "vitest";
import { CONSOLE_FILES } from "../src/api/console-page.ts";
import { type Console, callOf, type Person, startConsole } from "./test-console.ts";
import { boot, endAll, MODEL, simulate } from "./test-harness.ts";

afterEach(endAll);

interface Data {
  readonly scope: string;
  readonly scopes: string[];
  readonly series: { requests: number; completion_tokens: number; p95_ms: number | null }[];
  readonly by_model: { model: string; requests: number; failed: number }[];
  readonly errors: { user: string; tenant: string; error: string; request_id: string }[];
  readonly models: { id: string; state: string; queue?: number }[];
  readonly days: { day: string; requests: number }[] | null;
}

async function dataOf(console: Console, who: Person, query = ""): Promise<Data> {
  const response = await console.ask(who, `/console/data${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Data;
}

const requestsIn = ({ series }: Data) => series.reduce((sum, { requests }) => sum + requests, 0);

const ROWS = () => [
  callOf("alice", 60_000),
  callOf("alice", 61_000, { status: "error", httpStatus: 502, error: "upstream_failed" }),
  callOf("bob", 62_000),
  callOf("mallory", 63_000),
  callOf("mallory", 64_000, { status: "client_error", httpStatus: 499, error: "client_closed" }),
];

describe("whose calls", () => {
  test("everybody sees their own, with permission the tenant's, administrators all", async () => {
    const console = await startConsole(ROWS());
    const seen = async (who: Person, scope: string) => {
      const data = await dataOf(console, who, `?scope=${scope}&days=2`);
      const daily = data.days?.reduce((sum, { requests }) => sum + requests, 0);
      return [requestsIn(data), daily, data.errors.map(({ user }) => user)];
    };
    expect(await seen("alice", "own")).toEqual([2, 2, ["alice"]]);
    expect(await seen("bob", "own")).toEqual([1, 1, []]);
    expect(await seen("bob", "tenant")).toEqual([3, 3, ["alice"]]);
    expect(await seen("mallory", "tenant")).toEqual([2, 2, ["mallory"]]);
    expect(await seen("root", "own")).toEqual([0, 0, []]);
    expect(await seen("root", "all")).toEqual([5, 5, ["alice", "mallory"]]);
  });

  test("what is not permitted is refused, also after somebody else was told", async () => {
    const console = await startConsole(ROWS());
    await dataOf(console, "root", "?scope=all");
    await dataOf(console, "bob", "?scope=tenant");
    for (const [who, scope] of [
      ["alice", "tenant"],
      ["alice", "all"],
      ["bob", "all"],
      ["mallory", "all"],
      ["root", "tenant"],
    ] as const) {
      const { status } = await console.ask(who, `/console/data?scope=${scope}`);
      expect([who, scope, status]).toEqual([who, scope, 403]);
    }
    expect((await dataOf(console, "alice")).scopes).toEqual(["own"]);
    expect((await dataOf(console, "root")).scopes).toEqual(["own", "all"]);
  });

  test("nobody is told anything without a credential, or with a foreign question", async () => {
    const console = await startConsole([]);
    expect((await fetch(`${console.harness.base}/console/data`)).status).toBe(401);
    for (const query of ["?scope=everything", "?days=63", "?days=-1", "?days=1e1", "?days="]) {
      expect([query, (await console.ask("alice", `/console/data${query}`)).status]).toEqual([
        query,
        400,
      ]);
    }
  });

  test("the length of a queue and the number of servers are for administrators", async () => {
    const console = await startConsole([]);
    const [own] = (await dataOf(console, "root")).models;
    expect(Object.keys(own ?? {})).toEqual(["id", "owned_by", "state", "lifecycle"]);
    const [all] = (await dataOf(console, "root", "?scope=all")).models;
    expect(all).toMatchObject({
      id: MODEL,
      state: "serving",
      servers: 1,
      servers_well: 1,
      queue: 0,
    });
  });
});

describe("what is told", () => {
  test("a real call appears, with its tokens and how long it took", async () => {
    const console = await startConsole([]);
    const body = JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "hi" }] });
    const headers = { "content-type": "application/json" };
    const call = { method: "POST", body, headers };
    expect((await console.ask("alice", "/v1/chat/completions", call)).status).toBe(200);
    await console.harness.gateway.parts.ledgerQueue.drain(1_000);
    const data = await dataOf(console, "alice");
    expect(requestsIn(data)).toBe(1);
    expect(data.by_model).toMatchObject([{ model: MODEL, requests: 1, failed: 0 }]);
    expect(data.series.some(({ completion_tokens: n }) => n > 0)).toBe(true);
    expect(data.series.some(({ p95_ms: ms }) => ms !== null)).toBe(true);
  });

  test("calls that were refused before they were admitted are told to who made them", async () => {
    const console = await startConsole([]);
    const body = JSON.stringify({ model: "no-such-model", messages: [] });
    const headers = { "content-type": "application/json", "x-request-id": "my-request" };
    await console.ask("alice", "/v1/chat/completions", { method: "POST", body, headers });
    await console.ask("mallory", "/console/data?scope=all");
    const told = async (who: Person, query = "") =>
      (await dataOf(console, who, query)).errors.map(({ user, error }) => [user, error]);
    expect((await told("alice")).map(([user]) => user)).toEqual(["alice"]);
    expect(await told("bob")).toEqual([]);
    expect(await told("mallory", "?scope=tenant")).toEqual([["mallory", "permission_denied"]]);
    expect(await told("root", "?scope=all")).toHaveLength(2);
  });

  test("a ledger that does not answer is said, and asked again the next time", async () => {
    const console = await startConsole([callOf("alice", 60_000)]);
    const { ledger } = console.harness.gateway.parts;
    const activity = ledger.activity.bind(ledger);
    ledger.activity = () => Promise.reject(new Error("away"));
    expect((await console.ask("alice", "/console/data")).status).toBe(503);
    ledger.activity = activity;
    expect(requestsIn(await dataOf(console, "alice"))).toBe(1);
  });
});

describe("the page", () => {
  test("loads files of this gateway alone, under a policy that forbids everything else", async () => {
    const { url } = await simulate();
    const { base } = await boot({ targets: [{ url }] });
    for (const path of ["/console", ...CONSOLE_FILES.map((name) => `/console/files/${name}`)]) {
      const response = await fetch(`${base}${path}`);
      const text = await response.text();
      expect([path, response.status, response.headers.get("x-content-type-options")]).toEqual([
        path,
        200,
        "nosniff",
      ]);
      const policy = response.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      // The name space of SVG is a name, not an address.
      expect(text.replace("http://www.w3.org/2000/svg", "")).not.toMatch(
        /https?:|<script>|\bon\w+="|innerHTML/,
      );
    }
    const wrong = await fetch(`${base}/console`, { method: "POST" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
  });

  test("can be switched off", async () => {
    const { url } = await simulate();
    const { base } = await boot({ targets: [{ url }], env: { GW_CONSOLE: "off" } });
    expect((await fetch(`${base}/console`)).status).toBe(404);
    expect((await fetch(`${base}/console/files/main.js`)).status).toBe(404);
  });
});
