// From what /console/data and the other endpoints answer to what is drawn. Pure.

/**
 * @typedef {{ at: string, requests: number, failed: number, refused: number, prompt_tokens: number, completion_tokens: number,
 *   p50_ms: number | null, p95_ms: number | null, first_byte_p50_ms: number | null, first_byte_p95_ms: number | null }} Point
 * @typedef {{ day: string, model: string, requests: number, total_tokens: number, cost: number, currency: string | null }} DayLine
 * @typedef {{ at: string, id: string, request_id: string, user: string, tenant: string, endpoint: string, model: string | null,
 *   status: string, code: number | null, error: string | null }} ErrorLine
 * @typedef {{ label: string, values: number[] }} Stack
 */

/** The last span is not over: it would look like a fall.
 * @param {readonly Point[]} series */
export function completed(series) {
  return series.slice(0, -1);
}

/** What the cards say.
 * @param {readonly Point[]} series @param {number} spanSeconds */
export function headline(series, spanSeconds) {
  const done = completed(series);
  const last = done.at(-1);
  const requests = sum(done, (one) => one.requests);
  return {
    perMinute: last === undefined ? 0 : (last.requests / spanSeconds) * 60,
    tokensPerSecond: last === undefined ? 0 : last.completion_tokens / spanSeconds,
    p50: latest(done, (one) => one.p50_ms),
    p95: latest(done, (one) => one.p95_ms),
    firstP50: latest(done, (one) => one.first_byte_p50_ms),
    firstP95: latest(done, (one) => one.first_byte_p95_ms),
    requests,
    failed: sum(done, (one) => one.failed),
    failedShare: requests === 0 ? null : sum(done, (one) => one.failed) / requests,
  };
}

/** The newest that was measured: a quiet half minute is no news of how fast it is.
 * @param {readonly Point[]} points @param {(one: Point) => number | null} value */
function latest(points, value) {
  return points.map(value).findLast((one) => one !== null) ?? null;
}

/** Days without usage stand as zeros; the models with most of it get a colour, the rest is one.
 * @param {readonly DayLine[]} lines @param {string} today @param {number} days
 * @param {(line: DayLine) => number} value @param {string} others
 * @returns {{ days: string[], stacks: Stack[] }} */
export function stacked(lines, today, days, value, others) {
  const names = dayNames(today, days);
  const totals = new Map();
  for (const line of lines) totals.set(line.model, (totals.get(line.model) ?? 0) + value(line));
  const ranked = [...totals]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name]) => name);
  const shown = ranked.length > STACKS_MAX ? ranked.slice(0, STACKS_MAX - 1) : ranked;
  const labels = ranked.length > shown.length ? [...shown, others] : shown;
  const stacks = labels.map((label) => ({
    label,
    values: names.map((day) =>
      sum(
        lines.filter(
          (line) =>
            line.day === day && (shown.includes(line.model) ? line.model : others) === label,
        ),
        value,
      ),
    ),
  }));
  return { days: names, stacks };
}

/** As many as there are colours that can be told apart. */
const STACKS_MAX = 6;

/** @param {string} today @param {number} days @returns {string[]} */
function dayNames(today, days) {
  const last = Date.parse(`${today.slice(0, 10)}T00:00:00Z`);
  return Array.from({ length: days }, (_, index) =>
    new Date(last - (days - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
}

/** Money of different currencies is not added up.
 * @param {readonly DayLine[]} lines @returns {{ currency: string | null, cost: number }[]} */
export function costs(lines) {
  const sums = new Map();
  for (const { currency, cost } of lines) sums.set(currency, (sums.get(currency) ?? 0) + cost);
  return [...sums]
    .filter(([, cost]) => cost > 0)
    .map(([currency, cost]) => ({ currency, cost }))
    .sort((a, b) => b.cost - a.cost);
}

/** The currency that most was paid in: what a picture of costs shows.
 * @param {readonly DayLine[]} lines @returns {string | null} */
export function mainCurrency(lines) {
  return costs(lines)[0]?.currency ?? null;
}

/** Two gateways behind one edge answer in turn, and each knows only its own refusals: they are kept together here.
 * @param {readonly ErrorLine[]} known @param {readonly ErrorLine[]} fresh @param {string} now
 * @returns {ErrorLine[]} */
export function mergedErrors(known, fresh, now) {
  const all = new Map([...known, ...fresh].map((line) => [line.id, line]));
  const oldest = Date.parse(now) - 86_400_000;
  return [...all.values()]
    .filter((line) => Date.parse(line.at) >= oldest)
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
    .slice(0, 50);
}

/** `user:alice:/v1/chat` → what the account is, and of whom or what.
 * @param {string} scope */
export function accountOf(scope) {
  const [kind = "", ...rest] = scope.split(":");
  return { kind, of: rest.join(":") };
}

/** @template T @param {readonly T[]} items @param {(item: T) => number} value */
export function sum(items, value) {
  return items.reduce((total, item) => total + value(item), 0);
}
