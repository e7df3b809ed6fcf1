/** Ranges of addresses: which are so wide that they name nobody. */

/**
 * The widest that a network of one's own can be: 10.0.0.0/8 (RFC 1918), and a /32 of IPv6, which is what a
 * registry gives a whole provider. Everything in two halves (0.0.0.0/1, 128.0.0.0/1) is everything.
 */
const WIDEST = { v4: 8, v6: 32 } as const;

export function isEverybody(range: unknown): boolean {
  const text = String(range ?? "");
  const [, bits] = /\/(\d+)$/.exec(text) ?? [];
  if (bits === undefined) return false;
  // A site's own addresses (fc00::/7) are wider than that and nobody else's.
  if (/^f[cd]/i.test(text)) return Number(bits) < 7;
  return Number(bits) < (text.includes(":") ? WIDEST.v6 : WIDEST.v4);
}
