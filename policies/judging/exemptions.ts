/**
 * An exemption says that a fault is known and borne: by whom, why, and until when. It never makes a
 * fault disappear from a report. A floor that a law sets is not ours to waive, so that such an exemption
 * names who took the risk.
 */

export interface Exemption {
  readonly rule: string;
  /** Stacks it holds in; `*` stands for any text. */
  readonly stacks: readonly string[];
  /** `type::name` as a URN ends; `*` stands for any text. */
  readonly resources: readonly string[];
  readonly reason: string;
  readonly owner: string;
  readonly approver: string;
  readonly ticket: string;
  /** The last day it holds, as in 2027-05-31. */
  readonly expires: string;
  /** Needed where the rule answers to a floor of a law. */
  readonly riskAcceptedBy?: string;
}

/** No exemption is for ever: who bears a risk looks at it again within a year. */
const DAYS_MAX = 366;
const DAY_MS = 86_400_000;

/** `urn:pulumi:STACK::PROJECT::TYPES::NAME`; the last of the types, joined by `$`, is its own. */
export function coversFault(exemption: Exemption, rule: string, urn: string): boolean {
  if (exemption.rule !== rule) return false;
  const [head = "", , types = "", name = ""] = urn.split("::");
  const stack = head.split(":")[2] ?? "";
  const place = `${types.split("$").at(-1)}::${name}`;
  return (
    isAboutStack(exemption, stack) && exemption.resources.some((pattern) => matches(place, pattern))
  );
}

export function isAboutStack({ stacks }: Exemption, stack: string): boolean {
  return stacks.some((pattern) => matches(stack, pattern));
}

export function isInForce(exemption: Exemption, today: string): boolean {
  return today <= exemption.expires;
}

/** What is wrong with an exemption itself, whatever it covers. */
export function faultsOfExemption(
  exemption: Exemption,
  { rules, floors, today }: ExemptionGround,
): string[] {
  const faults: string[] = [];
  for (const key of ["reason", "owner", "approver", "ticket"] as const) {
    if (exemption[key].trim() === "") faults.push(`has no ${key}`);
  }
  if (exemption.owner === exemption.approver) faults.push("is approved by its own owner");
  if (!rules.has(exemption.rule)) faults.push(`names the rule ${exemption.rule}, which is none`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(exemption.expires)) faults.push("has no day on which it ends");
  else if (Date.parse(exemption.expires) - Date.parse(today) > DAYS_MAX * DAY_MS) {
    faults.push(`ends ${exemption.expires}, more than a year ahead`);
  }
  if (floors.has(exemption.rule) && (exemption.riskAcceptedBy ?? "").trim() === "") {
    faults.push("waives the floor of a law without saying who accepts the risk");
  }
  return faults;
}

export interface ExemptionGround {
  readonly rules: ReadonlySet<string>;
  /** Rules that answer to a floor of a law. */
  readonly floors: ReadonlySet<string>;
  readonly today: string;
}

function matches(text: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}
