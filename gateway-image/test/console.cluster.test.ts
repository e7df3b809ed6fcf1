/**
 * The console in a real Chromium: people log in, see their own calls and nobody else's, ask for more quota; in both languages, light and dark,
 * on a desk and on a phone. SCREENSHOTS names a folder for pictures, to be looked at.
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openChromium } from "./test-chromium.ts";
import {
  type Console,
  callOf,
  PASSWORD,
  type Person,
  SECOND_MODEL,
  startConsole,
} from "./test-console.ts";
import { endAll, MODEL, temporaryFolder } from "./test-harness.ts";

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const DAY_MS = 86_400_000;

let browser: Browser;
let console: Console;

beforeAll(async () => {
  browser = await openChromium(temporaryFolder());
  console = await startConsole(rows());
});
afterAll(async () => {
  await browser.close();
  await endAll();
});

const pages: Page[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close();
});

/** A quarter of an hour of calls by two tenants, a month of days, and faults of several kinds. */
function rows() {
  const recent = Array.from({ length: 400 }, (_, index) => {
    const wave = 1 + Math.sin(index / 25);
    return callOf(index % 4 === 0 ? "bob" : "alice", index * 2_200, {
      model: index % 3 === 0 ? SECOND_MODEL : MODEL,
      latencyMs: 180 + 400 * wave + (index % 7) * 30,
      firstByteMs: 40 + 30 * wave,
      completionTokens: Math.round(60 + 80 * wave),
    });
  });
  const days = Array.from({ length: 30 }, (_, day) =>
    [MODEL, SECOND_MODEL, "bge-m3"].map((model, kind) =>
      callOf("alice", (day + 1) * DAY_MS, {
        model,
        promptTokens: 9_000 + 700 * ((day * 7 + kind * 3) % 11),
        completionTokens: kind === 2 ? 0 : 4_000 + 500 * ((day * 5 + kind) % 9),
        costMicros: 150_000 * (1 + ((day + kind) % 6)),
      }),
    ),
  ).flat();
  const faults = [
    callOf("alice", 90_000, {
      requestId: "fault-1",
      status: "error",
      httpStatus: 502,
      error: "upstream_failed",
    }),
    callOf("alice", 400_000, {
      requestId: "fault-2",
      status: "client_error",
      httpStatus: 499,
      error: "client_closed",
    }),
    callOf("mallory", 100_000, {
      requestId: "not-yours",
      status: "error",
      httpStatus: 504,
      error: "upstream_timeout",
    }),
  ];
  return [
    ...recent,
    ...days,
    ...faults,
    ...Array.from({ length: 50 }, (_, index) => callOf("mallory", index * 9_000)),
  ];
}

interface Look {
  readonly viewport?: typeof DESK;
  readonly colorScheme?: "light" | "dark";
  readonly locale?: string;
}

/** A page of its own whose errors fail the test: a policy that is broken, a script that throws. */
async function open({ viewport = DESK, colorScheme = "light", locale = "en-GB" }: Look = {}) {
  const context = await browser.newContext({ viewport, colorScheme, locale });
  const page = await context.newPage();
  pages.push(page);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // What the API refuses is said on the page; the browser notes it as well.
    const refused = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) faults.push(message.text());
  });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${console.harness.base}/console`);
  return { page, faults, asked };
}

async function logIn(page: Page, who: Person, password = PASSWORD): Promise<void> {
  await page.locator('input[name="username"]').fill(who);
  await page.locator('input[name="password"]').fill(password);
  await page.locator("form.account button").first().click();
}

/** By the other way, which no count of passwords slows down. */
async function logInWithKey(page: Page, who: Person): Promise<void> {
  await page.locator("summary").click();
  await page.locator('input[name="token"]').fill(console.keys.get(who) ?? "");
  await page.locator("details form.account button").click();
}

async function entered(page: Page): Promise<void> {
  await page.locator("#errors").waitFor();
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

const textOf = (page: Page) => page.locator("#page").textContent();

test("a caller sees the own calls as pictures, asks nobody else, and breaks no policy", async () => {
  const { page, faults, asked } = await open();
  await picture(page, "log-in");
  await logIn(page, "alice", "wrong password that is long");
  await page.locator(".fault", { hasText: "refused" }).waitFor();
  await logIn(page, "alice");
  await entered(page);
  const text = await textOf(page);
  expect(text).toContain("upstream_failed");
  expect(text).toContain(SECOND_MODEL);
  expect(text).not.toContain("upstream_timeout");
  // Neither a scope of others nor what administrators decide.
  expect(await page.locator("header .segments").count()).toBe(0);
  expect(await page.locator("#decide").count()).toBe(0);
  expect(await page.locator("svg.chart").count()).toBe(3);
  for (const line of await page.locator(".chart .line").all()) {
    expect((await line.getAttribute("d"))?.length).toBeGreaterThan(100);
  }
  expect(await page.locator("#usage .bar").count()).toBeGreaterThanOrEqual(31);
  await picture(page, "light");
  expect(
    asked.filter((url) => !url.startsWith(console.harness.base) && !url.startsWith("data:")),
  ).toEqual([]);
  expect(faults).toEqual([]);
});

test("an administrator sees all tenants, and decides what a caller asked for on the page", async () => {
  const caller = await open();
  await logInWithKey(caller.page, "bob");
  await entered(caller.page);
  await caller.page.locator("#ask input[name=value]").fill("120");
  await caller.page.locator("#ask input[name=reason]").fill("a larger team");
  await caller.page.locator("#ask button").click();
  await caller.page.locator("#ask .good").waitFor();
  const { page, faults } = await open({ colorScheme: "dark" });
  await logIn(page, "root");
  await entered(page);
  await page.getByRole("button", { name: "All tenants" }).click();
  await page.locator("#errors", { hasText: "upstream_timeout" }).waitFor();
  expect(await page.locator("#models th", { hasText: "Queue" }).count()).toBe(1);
  await page.locator("#decide", { hasText: "a larger team" }).waitFor();
  await picture(page, "dark-administrator");
  // Who stands in a file is changed in the file: the gateway refuses the grant, and the page says so.
  await page.locator("#decide").getByRole("button", { name: "Grant" }).click();
  await page.locator("header .fault", { hasText: "refused" }).waitFor();
  await page.locator("#decide").getByRole("button", { name: "Refuse" }).click();
  await page.locator("#decide").waitFor({ state: "detached" });
  const answer = await console.ask("bob", "/v1/quota/requests");
  const { data } = (await answer.json()) as { data: { status: string }[] };
  expect(data.map(({ status }) => status)).toEqual(["refused"]);
  expect([...faults, ...caller.faults]).toEqual([]);
});

test("in Chinese, dark, on a phone: nothing is wider than the screen", async () => {
  const { page, faults } = await open({ viewport: PHONE, colorScheme: "dark", locale: "zh-CN" });
  await logInWithKey(page, "bob");
  await entered(page);
  await page.getByRole("button", { name: "我的租户" }).click();
  await page.locator("#errors", { hasText: "alice" }).waitFor();
  const text = await textOf(page);
  for (const word of ["每秒 token 数", "每日用量", "最近的错误", "申请提高配额"])
    expect(text).toContain(word);
  const width = await page.evaluate(
    () =>
      (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document
        .documentElement.scrollWidth,
  );
  expect(width).toBe(PHONE.width);
  await picture(page, "phone-chinese-dark");
  // The other language, and the other light, by the buttons.
  await page.getByRole("button", { name: "English" }).click();
  await page.locator("h2", { hasText: "Recent errors" }).waitFor();
  await page.getByRole("button", { name: "Light or dark" }).click();
  expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
  await picture(page, "phone-light");
  expect(faults).toEqual([]);
});

test("a session that has ended leads back to the log-in, and logging out forgets the token", async () => {
  const { page, faults } = await open();
  await logInWithKey(page, "alice");
  await entered(page);
  const stored = () => page.evaluate("sessionStorage.getItem('console-token')");
  expect(await stored()).toBeTypeOf("string");
  await page.evaluate("sessionStorage.setItem('console-token', 'broken')");
  await page.reload();
  await page.locator("text=The session has ended").waitFor();
  await logInWithKey(page, "alice");
  await entered(page);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.locator('input[name="username"]').waitFor();
  expect(await stored()).toBe(null);
  expect(await textOf(page)).not.toContain("upstream_failed");
  expect(faults).toEqual([]);
});
