/**
 * What a call costs, in millionths of the price's currency, as whole numbers: rounded up once for
 * each call, so that sums are sums of what callers were told. Prices name their own rounding: none.
 */
import type { Price } from "../directory/entities.ts";

export interface Consumption {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly durationMs: number;
}

/** A price per million tokens in currency units is the price of one token in millionths of them. */
export function costMicrosOf(price: Price | undefined, used: Consumption): number {
  if (price === undefined) return 0;
  const tokens =
    used.promptTokens * price.promptPerMillion + used.completionTokens * price.completionPerMillion;
  const rest = price.perRequest + (price.perSecond * used.durationMs) / 1000;
  const micros = tokens + rest * 1_000_000;
  // 1e-6 of a millionth: what binary fractions add must not become a whole unit.
  return Math.max(0, Math.ceil(micros - 1e-6));
}
