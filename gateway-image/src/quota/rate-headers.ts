/** Headers that say where a caller stands, by OpenAI's names: the tightest account counts. */
import type { LimitName, Standing } from "../stores/quota-store.ts";

const REQUEST_LIMITS: ReadonlySet<LimitName> = new Set([
  "requestsPerSecond",
  "requestsPerMinute",
  "requestsPerDay",
]);
const TOKEN_LIMITS: ReadonlySet<LimitName> = new Set(["tokensPerMinute"]);
/** Limits over a time long enough for a warning to be of use. */
const WARNED: ReadonlySet<LimitName> = new Set(["requestsPerDay", "costPerMonth"]);
const WARNING_SHARE = 0.8;

export function rateHeaders(standings: readonly Standing[]): Record<string, string> {
  return {
    ...headersOf("requests", tightest(standings, REQUEST_LIMITS)),
    ...headersOf("tokens", tightest(standings, TOKEN_LIMITS)),
    ...warningOf(standings),
  };
}

function headersOf(what: string, standing: Standing | undefined): Record<string, string> {
  if (standing === undefined) return {};
  return {
    [`x-ratelimit-limit-${what}`]: String(standing.max),
    [`x-ratelimit-remaining-${what}`]: String(Math.max(0, standing.max - standing.used)),
    [`x-ratelimit-reset-${what}`]: `${(standing.resetMs / 1000).toFixed(3)}s`,
  };
}

/** The one with the least left; of equals the first. */
function tightest(
  standings: readonly Standing[],
  names: ReadonlySet<LimitName>,
): Standing | undefined {
  let found: Standing | undefined;
  for (const standing of standings) {
    if (!names.has(standing.limit)) continue;
    if (found === undefined || standing.max - standing.used < found.max - found.used) {
      found = standing;
    }
  }
  return found;
}

/** Every limit of a day or a month that is used to four fifths. */
export function warnings(standings: readonly Standing[]): Standing[] {
  return standings.filter(
    ({ limit, used, max }) => WARNED.has(limit) && used >= max * WARNING_SHARE,
  );
}

function warningOf(standings: readonly Standing[]): Record<string, string> {
  const texts = warnings(standings).map(
    ({ scope, limit, used, max }) => `${scope} ${limit} ${used}/${max}`,
  );
  return texts.length === 0 ? {} : { "x-quota-warning": texts.join(", ") };
}
