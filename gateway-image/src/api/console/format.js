// Numbers and times as people read them. Pure.

/** @typedef {import("./texts.js").Language} Language */

/** @param {Language} language */
function localeOf(language) {
  return language === "zh" ? "zh-CN" : "en-GB";
}

/** 1,234 or 12.3K: at most four characters of digits on a card.
 * @param {number} value @param {Language} language */
export function compact(value, language) {
  // English in both: 万 and 亿 beside K and M would make two scales of one axis.
  return new Intl.NumberFormat(language === "zh" ? "en" : localeOf(language), {
    notation: value >= 10_000 ? "compact" : "standard",
    maximumFractionDigits: value >= 100 ? (value >= 10_000 ? 1 : 0) : value >= 10 ? 1 : 2,
  }).format(value);
}

/** @param {number} value @param {Language} language */
export function whole(value, language) {
  return new Intl.NumberFormat(localeOf(language), { maximumFractionDigits: 2 }).format(value);
}

/** @param {number | null | undefined} ms */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** @param {number} seconds @param {Language} language */
export function remaining(seconds, language) {
  const units = /** @type {const} */ ([
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
    ["second", 1],
  ]);
  const [unit, size] = units.find(([, one]) => seconds >= one) ?? ["second", 1];
  return new Intl.NumberFormat(localeOf(language), {
    style: "unit",
    unit,
    unitDisplay: "long",
  }).format(Math.round(seconds / size));
}

/** @param {string} iso @param {Language} language */
export function clock(iso, language) {
  return new Date(iso).toLocaleTimeString(localeOf(language), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

/** @param {number} value @param {string | null} currency @param {Language} language */
export function money(value, currency, language) {
  const digits = { maximumFractionDigits: value !== 0 && Math.abs(value) < 1 ? 4 : 2 };
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) return whole(value, language);
  return new Intl.NumberFormat(localeOf(language), {
    style: "currency",
    currency,
    ...digits,
  }).format(value);
}

/** @param {number} share */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 2 : 1)} %`;
}
