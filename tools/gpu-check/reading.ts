/**
 * What nvidia-smi writes in the place of a value. A driver that has no value says so in one of several
 * ways that changed over the years; a GPU that does not answer has its fault written into the field.
 */

/** In lower case, without brackets: no value here, and nothing wrong with that. */
const NO_VALUE: ReadonlySet<string> = new Set([
  "",
  "n/a",
  "none",
  "not supported",
  "not available",
  "insufficient permissions",
  "no permission",
  "function not found",
  // Since the drivers of branch 575, for applications' clocks, display mode, power state.
  "requested functionality has been deprecated",
]);

/** A fault in the place of a value: names of NVML's return codes, as nvidia-smi words them. */
export type Fault = "lost" | "resetRequired" | "unreadable";

const FAULTS: readonly (readonly [RegExp, Fault])[] = [
  [/gpu is lost|fallen off the bus/i, "lost"],
  [/requires? (a )?reset/i, "resetRequired"],
  [/unknown error|^err!$/i, "unreadable"],
];

export function faultOf(text: string): Fault | null {
  return FAULTS.find(([pattern]) => pattern.test(bare(text)))?.[1] ?? null;
}

/** The text, or null where it stands for no value or for a fault. */
export function wordOf(text: string | null): string | null {
  if (text === null) return null;
  const word = bare(text);
  return NO_VALUE.has(word.toLowerCase()) || faultOf(word) !== null ? null : word;
}

/** The number that a text such as `81920 MiB`, `-2 C`, `16x` or `0 bank(s)` begins with. */
export function numberOf(text: string | null): number | null {
  const word = wordOf(text);
  const digits = word === null ? null : /^-?\d+(\.\d+)?/.exec(word)?.[0];
  return digits === null || digits === undefined ? null : Number(digits);
}

/** `Yes`, `Enabled` and `Active` are true, `No`, `Disabled` and `Not Active` false, else null. */
export function truthOf(text: string | null): boolean | null {
  const word = wordOf(text)?.toLowerCase();
  if (word === "yes" || word === "enabled" || word === "active") return true;
  if (word === "no" || word === "disabled" || word === "not active") return false;
  return null;
}

/** `00000000:3B:00.0`, `0000:3b:00.0` and `0000:3b:00` are the same GPU: `0000:3b:00`. */
export function pciKey(address: string): string {
  const match = /^([0-9a-f]+):([0-9a-f]{2}):([0-9a-f]{2})(\.[0-9a-f])?$/i.exec(address.trim());
  if (match === null) return address.trim().toLowerCase();
  const domain = Number.parseInt(match[1] ?? "0", 16)
    .toString(16)
    .padStart(4, "0");
  return `${domain}:${match[2]}:${match[3]}`.toLowerCase();
}

function bare(text: string): string {
  return text.trim().replace(/^\[(.*)\]$/, "$1");
}
