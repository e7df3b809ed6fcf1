/** The ledger's table as its SQL stores share it: columns, their values, and how rows are summed. */
import type { LedgerRow, UsageQuery, UsageTotal } from "./ledger-store.ts";

export const LEDGER_COLUMNS: readonly (readonly [string, keyof LedgerRow])[] = [
  ["call_id", "callId"],
  ["state", "state"],
  ["request_id", "requestId"],
  ["site", "site"],
  ["instance", "instance"],
  ["principal", "principal"],
  ["key_id", "keyId"],
  ["tenant", "tenant"],
  ["endpoint", "endpoint"],
  ["model", "model"],
  ["streamed", "streamed"],
  ["started_at", "startedAt"],
  ["finished_at", "finishedAt"],
  ["status", "status"],
  ["http_status", "httpStatus"],
  ["error", "error"],
  ["prompt_tokens", "promptTokens"],
  ["completion_tokens", "completionTokens"],
  ["usage_source", "usageSource"],
  ["cost_micros", "costMicros"],
  ["currency", "currency"],
  ["latency_ms", "latencyMs"],
  ["first_byte_ms", "firstByteMs"],
];

const NAMES = LEDGER_COLUMNS.map(([name]) => name);
const UPDATES = NAMES.filter((name) => name !== "call_id").map((n) => `${n} = EXCLUDED.${n}`);

/** `place` gives the text of the parameter at a position from 1. */
export function insertLedgerRows(rows: number, place: (position: number) => string): string {
  const width = NAMES.length;
  const tuples = Array.from({ length: rows }, (_, row) => {
    const places = NAMES.map((_name, column) => place(row * width + column + 1));
    return `(${places.join(",")})`;
  });
  return (
    `INSERT INTO gateway_ledger (${NAMES.join(", ")}) VALUES ${tuples.join(",")} ` +
    `ON CONFLICT (call_id) DO UPDATE SET ${UPDATES.join(", ")} ` +
    "WHERE gateway_ledger.state = 'open'"
  );
}

/** `day` is the expression of a row's day, null for sums over the whole time. */
export function sumLedgerRows<V>(
  query: UsageQuery,
  day: string | null,
  place: (position: number) => string,
  time: (date: Date) => V,
): { readonly sql: string; readonly values: readonly (V | string)[] } {
  const conditions = ["state = 'settled'"];
  const values: (V | string)[] = [];
  const where = (text: (place: string) => string, value: V | string | undefined) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(text(place(values.length)));
  };
  where((at) => `started_at >= ${at}`, time(query.from));
  where((at) => `started_at < ${at}`, time(query.to));
  where((at) => `principal = ${at}`, query.principal);
  where((at) => `tenant = ${at}`, query.tenant);
  where((at) => `model = ${at}`, query.model);
  const group = day === null ? "model, currency" : "day, model, currency";
  const sums =
    "model, currency, count(*) AS requests, sum(prompt_tokens) AS prompt, " +
    "sum(completion_tokens) AS completion, sum(cost_micros) AS cost";
  const columns = day === null ? sums : `${day} AS day, ${sums}`;
  const sql =
    `SELECT ${columns} FROM gateway_ledger WHERE ${conditions.join(" AND ")} ` +
    `GROUP BY ${group} ORDER BY ${group}`;
  return { sql, values };
}

export function totalOf(row: Readonly<Record<string, unknown>>): UsageTotal {
  return {
    model: String(row.model),
    currency: row.currency === null ? null : String(row.currency),
    requests: Number(row.requests),
    promptTokens: Number(row.prompt),
    completionTokens: Number(row.completion),
    costMicros: Number(row.cost),
  };
}
