/** Text inside HTML and XML. */

const NAMED: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Characters that XML has no way to write at all are left out. */
export function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (one) => NAMED[one] ?? one)
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "");
}
