/**
 * What was asked of the ledger's newest rows: how many calls ended in each span of time, and how long they took. Durations are
 * counted in bins, so that a store answers with a few rows however many calls there were.
 */
import type {
  Activity,
  ActivityQuery,
  FaultQuery,
  LedgerFault,
  LedgerRow,
  UsageQuery,
} from "./ledger-store.ts";

/** Upper edges, in milliseconds: those of the gateway's own metric, and some between for the percentiles. */
export const DURATION_EDGES_MS = [
  10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500,
  10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
] as const;

/** A call that ended now may have begun so long ago: the longest stream. */
const LONGEST_CALL_MS = 600_000;

type Place = (position: number) => string;

interface Statement<V> {
  readonly sql: string;
  readonly values: readonly (V | string)[];
}

/** `end` is the expression for a call's end in milliseconds since 1970. */
export function activityStatement<V>(
  query: ActivityQuery,
  end: string,
  place: Place,
  time: (date: Date) => V,
): Statement<V> {
  if (!Number.isSafeInteger(query.spanMs) || query.spanMs < 1) throw new Error("no span of time");
  const { conditions, values } = conditionsOf(query, place, time);
  const at = `floor(${end} / ${query.spanMs}) * ${query.spanMs}`;
  const count = (condition: string) => `sum(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;
  const bins = (column: string, letter: string, also = "") =>
    [
      ...DURATION_EDGES_MS.map(
        (edge, index) => `${count(`${column} <= ${edge}${also}`)} AS ${letter}${index}`,
      ),
      `${count(`${column} IS NOT NULL${also}`)} AS ${letter}${DURATION_EDGES_MS.length}`,
    ].join(", ");
  const sql =
    `SELECT ${at} AS at, model, count(*) AS requests, ${count("status = 'error'")} AS failed, ` +
    `${count("status = 'client_error'")} AS refused, sum(prompt_tokens) AS prompt, ` +
    `sum(completion_tokens) AS completion, ${bins("latency_ms", "d")}, ` +
    `${bins("first_byte_ms", "f", " AND streamed")} FROM gateway_ledger ` +
    `WHERE ${conditions.join(" AND ")} GROUP BY 1, model ORDER BY 1, model`;
  return { sql, values };
}

export function activityOf(row: Readonly<Record<string, unknown>>): Activity {
  const bins = (letter: string) =>
    Array.from({ length: DURATION_EDGES_MS.length + 1 }, (_, index) =>
      Number(row[`${letter}${index}`]),
    );
  return {
    at: Number(row.at),
    model: String(row.model),
    requests: Number(row.requests),
    failed: Number(row.failed),
    refused: Number(row.refused),
    promptTokens: Number(row.prompt),
    completionTokens: Number(row.completion),
    durations: bins("d"),
    firstBytes: bins("f"),
  };
}

const FAULT_COLUMNS =
  "call_id, request_id, principal, tenant, endpoint, model, status, http_status, error, finished_at";

/** The newest first. */
export function faultStatement<V>(
  query: FaultQuery,
  place: Place,
  time: (date: Date) => V,
): Statement<V> {
  if (!Number.isSafeInteger(query.limit) || query.limit < 1) throw new Error("no number of rows");
  const { conditions, values } = conditionsOf(query, place, time);
  const sql =
    `SELECT ${FAULT_COLUMNS} FROM gateway_ledger ` +
    `WHERE ${[...conditions, "status <> 'success'"].join(" AND ")} ` +
    `ORDER BY finished_at DESC, call_id LIMIT ${query.limit}`;
  return { sql, values };
}

/** `date` reads what the store gives for a time. */
export function faultOf(
  row: Readonly<Record<string, unknown>>,
  date: (value: unknown) => Date,
): LedgerFault {
  return {
    callId: String(row.call_id),
    requestId: String(row.request_id),
    principal: String(row.principal),
    tenant: String(row.tenant),
    endpoint: String(row.endpoint),
    model: String(row.model),
    status: row.status === "error" ? "error" : "client_error",
    httpStatus: row.http_status === null ? null : Number(row.http_status),
    error: row.error === null ? null : String(row.error),
    finishedAt: date(row.finished_at),
  };
}

/** By the start as well, since that is what the indexes know. */
function conditionsOf<V>(query: UsageQuery, place: Place, time: (date: Date) => V) {
  const conditions = ["state = 'settled'"];
  const values: (V | string)[] = [];
  const where = (text: (at: string) => string, value: V | string | undefined) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(text(place(values.length)));
  };
  where((at) => `started_at >= ${at}`, time(earliestStart(query)));
  where((at) => `finished_at >= ${at}`, time(query.from));
  where((at) => `finished_at < ${at}`, time(query.to));
  where((at) => `principal = ${at}`, query.principal);
  where((at) => `tenant = ${at}`, query.tenant);
  where((at) => `model = ${at}`, query.model);
  return { conditions, values };
}

function earliestStart({ from }: UsageQuery): Date {
  return new Date(from.getTime() - LONGEST_CALL_MS);
}

/** The same over rows in memory. */
export function activityOfRows(rows: Iterable<LedgerRow>, query: ActivityQuery): Activity[] {
  const groups = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    if (!isEndedWithin(row, query)) continue;
    const at = Math.floor(row.finishedAt.getTime() / query.spanMs) * query.spanMs;
    const key = JSON.stringify([at, row.model]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups]
    .map(([key, group]) => summed(JSON.parse(key) as [number, string], group))
    .sort((a, b) => a.at - b.at || (a.model < b.model ? -1 : 1));
}

export function faultsOfRows(rows: Iterable<LedgerRow>, query: FaultQuery): LedgerFault[] {
  return [...rows]
    .filter((row) => isEndedWithin(row, query))
    .filter(({ status }) => status !== "success" && status !== null)
    .sort((a, b) => b.finishedAt.getTime() - a.finishedAt.getTime())
    .slice(0, query.limit);
}

function isEndedWithin(
  row: LedgerRow,
  query: UsageQuery,
): row is LedgerRow & { readonly finishedAt: Date } {
  return (
    row.state === "settled" &&
    row.finishedAt !== null &&
    row.startedAt >= earliestStart(query) &&
    row.finishedAt >= query.from &&
    row.finishedAt < query.to &&
    (query.principal === undefined || row.principal === query.principal) &&
    (query.tenant === undefined || row.tenant === query.tenant) &&
    (query.model === undefined || row.model === query.model)
  );
}

function summed([at, model]: [number, string], rows: readonly LedgerRow[]): Activity {
  const count = (holds: (row: LedgerRow) => boolean) => rows.filter(holds).length;
  const sum = (value: (row: LedgerRow) => number) =>
    rows.reduce((total, row) => total + value(row), 0);
  const bins = (value: (row: LedgerRow) => number | null) => {
    const known = rows.map(value).filter((one) => one !== null);
    return [
      ...DURATION_EDGES_MS.map((edge) => known.filter((one) => one <= edge).length),
      known.length,
    ];
  };
  return {
    at,
    model,
    requests: rows.length,
    failed: count(({ status }) => status === "error"),
    refused: count(({ status }) => status === "client_error"),
    promptTokens: sum(({ promptTokens }) => promptTokens),
    completionTokens: sum(({ completionTokens }) => completionTokens),
    durations: bins(({ latencyMs }) => latencyMs),
    firstBytes: bins(({ firstByteMs, streamed }) => (streamed ? firstByteMs : null)),
  };
}
