/**
 * Access by attributes, beside roles: a rule names the calls that it is about, and what their
 * caller must be, how they must be proven, and when. All rules that are about a call must hold;
 * a rule can only refuse. Pure.
 */
import type { Caller } from "./caller.ts";
import type { AccessRule } from "./entities.ts";
import { DAYS, type DataClass } from "./fields.ts";

/** What a rule looks at, of a call of one model. */
export interface Access {
  readonly model: string;
  readonly endpoint: string;
  readonly dataClass: DataClass;
  readonly wallMs: number;
}

type Hours = NonNullable<AccessRule["requires"]["hours"]>;
type Who = Pick<Caller, "attributes" | "method" | "tenant">;

/** The first rule, by its id, that is about the call and does not hold; undefined: none. */
export function refusingRule(
  rules: readonly AccessRule[],
  caller: Who,
  access: Access,
): AccessRule | undefined {
  return rules
    .filter((rule) => isAbout(rule, caller, access) && !holds(rule, caller, access.wallMs))
    .sort((a, b) => (a.id < b.id ? -1 : 1))[0];
}

/** All that the rule names must match; what it does not name is any. */
function isAbout(rule: AccessRule, caller: Who, access: Access): boolean {
  return (
    (rule.models === "*" || rule.models.includes(access.model)) &&
    (rule.endpoints?.includes(access.endpoint) ?? true) &&
    (rule.dataClasses?.includes(access.dataClass) ?? true) &&
    (rule.tenants?.includes(caller.tenant.id) ?? true)
  );
}

function holds({ requires }: AccessRule, caller: Who, wallMs: number): boolean {
  const attributes = Object.entries(requires.attributes);
  return (
    attributes.every(([name, values]) => {
      const own = Object.hasOwn(caller.attributes, name) ? caller.attributes[name] : undefined;
      return own !== undefined && values.includes(own);
    }) &&
    (requires.methods?.includes(caller.method) ?? true) &&
    (requires.hours === undefined || isWithin(requires.hours, wallMs))
  );
}

/** From `from` to before `to` by the zone's clock; over midnight, the day is the one it began on. */
export function isWithin({ from, to, days, timeZone }: Hours, wallMs: number): boolean {
  const { day, minute } = localTime(timeZone, wallMs);
  const [start, end] = [minuteOf(from), minuteOf(to)];
  const began = start >= end && minute < end ? (day + 6) % 7 : day;
  const inside = start < end ? minute >= start && minute < end : minute >= start || minute < end;
  return inside && (days?.includes(DAYS[began] ?? "mon") ?? true);
}

function minuteOf(time: string): number {
  const [hour = "0", minute = "0"] = time.split(":");
  return Number(hour) * 60 + Number(minute);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(timeZone: string, wallMs: number): { day: number; minute: number } {
  const known = formats.get(timeZone);
  const format =
    known ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  if (known === undefined) formats.set(timeZone, format);
  const parts = new Map(format.formatToParts(wallMs).map(({ type, value }) => [type, value]));
  const names: readonly string[] = DAYS;
  const day = names.indexOf(parts.get("weekday")?.toLowerCase() ?? "");
  return { day, minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")) };
}
