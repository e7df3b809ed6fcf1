/**
 * GET /v1/usage and /v1/usage/daily: what the caller has used, by model or by day and model. With
 * `scope=tenant` and the permission for it, what the whole tenant has.
 */

import type { Clock } from "../base/clock.ts";
import { beforeEnd, type RequestContext, type Step } from "../context.ts";
import { GatewayError, invalid } from "../errors.ts";
import { sendWhole } from "../send-whole.ts";
import type { DailyUsage, LedgerStore, UsageQuery, UsageTotal } from "../stores/ledger-store.ts";
import { MICROS } from "../stores/quota-store.ts";
import { answerJson } from "./answer-json.ts";

const DAY_MS = 86_400_000;

export function showUsage(ledger: LedgerStore, clock: Clock): Step {
  return async function showUsage(context, next) {
    const query = readQuery(context, clock);
    const totals = await ledger.usage(query).catch(unavailable);
    await answerJson(context, 200, {
      object: "list",
      ...headOf(context, query),
      data: totals.map(lineOf),
    });
    await next();
  };
}

export function showDailyUsage(ledger: LedgerStore, clock: Clock): Step {
  return async function showDailyUsage(context, next) {
    const query = readQuery(context, clock);
    const days = await ledger.dailyUsage(query).catch(unavailable);
    if (wantsCsv(context)) await sendCsv(context, days);
    else {
      const data = days.map((day) => ({ day: day.day, ...lineOf(day) }));
      await answerJson(context, 200, {
        object: "list",
        ...headOf(context, query),
        data,
        total: totalsOf(days),
      });
    }
    await next();
  };
}

function readQuery({ request, caller }: RequestContext, clock: Clock): UsageQuery {
  if (caller === null) throw new Error("usage is shown too early");
  const wanted = new URL(request.url ?? "/", "http://localhost").searchParams;
  const now = new Date(clock.wallMs());
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const from = readDate(wanted, "from") ?? month;
  // A day that is named is meant as a whole; a range that ends before it begins holds nothing.
  const last = readDate(wanted, "to");
  const to = last === null ? new Date(now.getTime() + 1) : new Date(last.getTime() + DAY_MS);
  const scope = wanted.get("scope") ?? "own";
  if (scope !== "own" && scope !== "tenant") throw invalid("scope", "scope: own or tenant.");
  if (scope === "tenant" && !caller.permissions.has("usage:read:tenant")) {
    throw new GatewayError("permission_denied");
  }
  const model = wanted.get("model");
  return {
    ...(scope === "own" ? { principal: caller.principal } : { tenant: caller.tenant.id }),
    ...(model === null ? {} : { model }),
    from,
    to,
  };
}

function readDate(wanted: URLSearchParams, name: string): Date | null {
  const text = wanted.get(name);
  if (text === null) return null;
  const date = new Date(`${text}T00:00:00Z`);
  // A date such as February 30 is read as another one.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text) {
    throw invalid(name, `${name}: a date such as 2026-11-24.`);
  }
  return date;
}

function headOf({ caller }: RequestContext, query: UsageQuery) {
  return {
    user: query.principal ?? null,
    tenant: caller?.tenant.id ?? null,
    from: query.from.toISOString(),
    to: query.to.toISOString(),
  };
}

export function lineOf(total: UsageTotal) {
  return {
    model: total.model,
    requests: total.requests,
    prompt_tokens: total.promptTokens,
    completion_tokens: total.completionTokens,
    total_tokens: total.promptTokens + total.completionTokens,
    cost: total.costMicros / MICROS,
    currency: total.currency,
  };
}

/** Money of different currencies is not added up. */
function totalsOf(days: readonly DailyUsage[]) {
  const sum = (value: (day: DailyUsage) => number) =>
    days.reduce((total, day) => total + value(day), 0);
  const cost: Record<string, number> = {};
  for (const { currency, costMicros } of days) {
    if (currency !== null) cost[currency] = (cost[currency] ?? 0) + costMicros;
  }
  return {
    requests: sum((day) => day.requests),
    prompt_tokens: sum((day) => day.promptTokens),
    completion_tokens: sum((day) => day.completionTokens),
    total_tokens: sum((day) => day.promptTokens + day.completionTokens),
    cost: Object.fromEntries(Object.entries(cost).map(([name, micros]) => [name, micros / MICROS])),
  };
}

function wantsCsv({ request }: RequestContext): boolean {
  return /\btext\/csv\b/i.test(request.headers.accept ?? "");
}

async function sendCsv(context: RequestContext, days: readonly DailyUsage[]): Promise<void> {
  const head = "day,model,requests,prompt_tokens,completion_tokens,total_tokens,cost,currency";
  // Names of models hold no comma, quote or line break (documents.ts).
  const lines = days.map((day) => [day.day, ...Object.values(lineOf(day))].join(","));
  const text = `${[head, ...lines].join("\r\n")}\r\n`;
  await beforeEnd(context);
  await sendWhole(context, 200, "text/csv; charset=utf-8", Buffer.from(text));
}

function unavailable(cause: unknown): never {
  throw new GatewayError("not_ready", { message: "The ledger does not answer.", cause });
}
