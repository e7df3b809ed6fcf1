/**
 * GET /console/data: what the page /console draws. `scope=own` is the caller's, `tenant` the whole tenant's with the permission for that, `all`
 * every tenant's for the system's administrators. Nobody else's calls are in any number of it.
 */
import type { Clock } from "../base/clock.ts";
import {
  ERRORS_MAX,
  errorsOf,
  modelState,
  modelsOf,
  SPAN_MS,
  seriesOf,
  windowAt,
} from "../console/console-data.ts";
import type { Refusals } from "../console/refusals.ts";
import type { Remembered } from "../console/remembered.ts";
import { callerOf, type RequestContext, type Step } from "../context.ts";
import type { Caller } from "../directory/caller.ts";
import { GatewayError, invalid } from "../errors.ts";
import type { ProviderKeys } from "../proxy/provider-keys.ts";
import type { RouteTable } from "../proxy/route-table.ts";
import type { LedgerStore } from "../stores/ledger-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { answerJson } from "./answer-json.ts";
import { isVisible } from "./list-models.ts";
import { lineOf } from "./show-usage.ts";

export interface ShowConsoleParts {
  readonly ledger: LedgerStore;
  readonly refusals: Refusals;
  readonly remembered: Remembered;
  readonly routes: RouteTable;
  readonly providerKeys: ProviderKeys;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly version: string;
  readonly site: string;
  readonly instance: string;
}

const DAY_MS = 86_400_000;
// The page asks every ten seconds; two gateways behind one edge answer in turn.
const LIVE_FOR_MS = 5_000;
// A day's sums change slowly, and cost the ledger most.
const DAYS_FOR_MS = 60_000;
/** A month and the one before it. */
export const CONSOLE_DAYS_MAX = 62;

export const CONSOLE_SCOPES = ["own", "tenant", "all"] as const;
type ConsoleScope = (typeof CONSOLE_SCOPES)[number];

export function showConsole(parts: ShowConsoleParts): Step {
  return async function showConsole(context, next) {
    const caller = callerOf(context);
    const { scope, days } = readQuery(context, caller);
    const whose = whoseOf(scope, caller);
    const now = parts.clock.wallMs();
    const window = windowAt(now);
    const span = { ...whose, from: new Date(window.from), to: new Date(window.to) };
    const key = JSON.stringify([scope, whose]);
    const remember = <T>(name: string, forMs: number, ask: () => Promise<T>) =>
      parts.remembered.get(`${name} ${key}`, forMs, ask).catch(unavailable);
    const [activities, faults, daily] = await Promise.all([
      remember("activity", LIVE_FOR_MS, () => parts.ledger.activity({ ...span, spanMs: SPAN_MS })),
      remember("faults", LIVE_FOR_MS, () =>
        parts.ledger.faults({ ...span, from: new Date(now - DAY_MS), limit: ERRORS_MAX }),
      ),
      days === 0
        ? null
        : remember(`days ${days}`, DAYS_FOR_MS, () =>
            parts.ledger.dailyUsage({ ...whose, from: firstDay(now, days), to: new Date(now + 1) }),
          ),
    ]);
    await answerJson(context, 200, {
      object: "console",
      version: parts.version,
      site: parts.site,
      scope,
      scopes: scopesOf(caller),
      now: new Date(now).toISOString(),
      span_seconds: SPAN_MS / 1000,
      ...(scope === "all" ? { instance: parts.instance } : {}),
      models: await modelStates(parts, context, scope),
      series: seriesOf(activities, window),
      by_model: modelsOf(activities, (now - window.from) / 1000),
      errors: errorsOf(faults, parts.refusals.of(whose, now)),
      days: daily?.map((day) => ({ day: day.day, ...lineOf(day) })) ?? null,
    });
    await next();
  };
}

/** Whose rows may be read; the one place that decides it. */
function whoseOf(scope: ConsoleScope, { principal, tenant }: Caller) {
  // A principal belongs to one tenant; both are asked for, so that a row that was moved shows to neither.
  if (scope === "own") return { principal, tenant: tenant.id };
  return scope === "tenant" ? { tenant: tenant.id } : {};
}

function scopesOf({ permissions }: Caller): ConsoleScope[] {
  return [
    "own",
    ...(permissions.has("usage:read:tenant") ? ["tenant" as const] : []),
    ...(permissions.has("admin:system") ? ["all" as const] : []),
  ];
}

function readQuery({ request }: RequestContext, caller: Caller) {
  const wanted = new URL(request.url ?? "/", "http://localhost").searchParams;
  const name = wanted.get("scope") ?? "own";
  const scope = CONSOLE_SCOPES.find((one) => one === name);
  if (scope === undefined) throw invalid("scope", "scope: own, tenant or all.");
  if (!scopesOf(caller).includes(scope)) throw new GatewayError("permission_denied");
  const text = wanted.get("days") ?? "0";
  const days = Number(text);
  if (!/^\d{1,2}$/.test(text) || days > CONSOLE_DAYS_MAX) {
    throw invalid("days", `days: a number from 0 to ${CONSOLE_DAYS_MAX}.`);
  }
  return { scope, days };
}

/** Midnight (UTC) of the first of so many days, today among them. */
function firstDay(now: number, days: number): Date {
  return new Date(Math.floor(now / DAY_MS) * DAY_MS - (days - 1) * DAY_MS);
}

/** How busy a model is with everybody's calls is told to administrators alone, and by this gateway alone. */
async function modelStates(parts: ShowConsoleParts, context: RequestContext, scope: ConsoleScope) {
  const queues = scope === "all" ? await queueLengths(parts.metrics) : null;
  return parts.routes
    .all()
    .filter(({ model }) => isVisible(context, model, parts.providerKeys))
    .map(({ model, targets }) => {
      const well = targets.filter(({ ejected }) => !ejected).length;
      return {
        id: model.id,
        owned_by: model.ownedBy,
        state: modelState({ all: targets.length, well }),
        lifecycle: model.lifecycle,
        ...(model.sunsetAt === undefined ? {} : { sunset_at: model.sunsetAt }),
        ...(queues === null
          ? {}
          : { servers: targets.length, servers_well: well, queue: queues.get(model.id) ?? 0 }),
      };
    });
}

async function queueLengths({ queue }: Metrics): Promise<Map<string, number>> {
  const { values } = await queue.get();
  return new Map(values.map(({ labels, value }) => [String(labels.model), value]));
}

function unavailable(cause: unknown): never {
  throw new GatewayError("not_ready", { message: "The ledger does not answer.", cause });
}
