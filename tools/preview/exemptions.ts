/**
 * What two revisions say of the faults that they bear, compared: exemptions that a fault needs now, that none
 * needs any more, that have ended, whose words have changed, or that are gone. Pure.
 */
import { LINE_MAX, type Report, type ReportExemption, TEXT_MAX } from "./report.ts";
import { cut } from "./short.ts";

/** An exemption of one revision that is about this stack, and what became of it there. */
export interface BorneFault {
  readonly rule: string;
  readonly stacks: readonly string[];
  readonly resources: readonly string[];
  readonly reason: string;
  readonly owner: string;
  readonly approver: string;
  readonly ticket: string;
  readonly expires: string;
  readonly riskAcceptedBy?: string;
  /** A fault of this revision needs it. */
  readonly used: boolean;
  /** Its last day is over: what needs it fails. */
  readonly ended: boolean;
  /** It names this stack; one for every stack that this one does not need is nobody's business here. */
  readonly named: boolean;
}

export interface BorneFaults {
  readonly before: readonly BorneFault[];
  readonly after: readonly BorneFault[];
}

/** Null where nobody judged by exemptions. */
export function compareExemptions(
  borne: BorneFaults | null,
  mask: (text: string) => string,
): Report["exemptions"] {
  if (borne === null) return null;
  const pairs = paired(borne).filter(({ old, now }) =>
    [old, now].some((one) => one !== undefined && (one.used || one.named)),
  );
  const told = (wanted: (pair: Pair) => boolean) =>
    pairs.filter(wanted).map((pair) => tellOf(pair, mask));
  return {
    newlyUsed: told(({ old, now }) => isBearing(now) && !isBearing(old)),
    newlyEnded: told(({ old, now }) => isNeededInVain(now) && !isNeededInVain(old)),
    newlyUnused: told(({ old, now }) => now?.used === false && old?.used !== false),
    changed: told((pair) => changesOf(pair).length > 0),
    removed: told(({ old, now }) => old !== undefined && now === undefined),
    borne: pairs.filter(({ now }) => isBearing(now)).length,
  };
}

interface Pair {
  readonly old: BorneFault | undefined;
  readonly now: BorneFault | undefined;
}

function isBearing(one: BorneFault | undefined): boolean {
  return one?.used === true && !one.ended;
}

function isNeededInVain(one: BorneFault | undefined): boolean {
  return one?.used === true && one.ended;
}

/** The same rule for the same resources is the same exemption, whatever else was changed of it. */
function paired({ before, after }: BorneFaults): Pair[] {
  const [old, now] = [keyed(before), keyed(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return keys.map((key) => ({ old: old.get(key), now: now.get(key) }));
}

/** Two of one rule and the same resources are told apart by their order. */
function keyed(all: readonly BorneFault[]): Map<string, BorneFault> {
  const found = new Map<string, BorneFault>();
  for (const one of all) {
    const key = (turn: number) => JSON.stringify([one.rule, [...one.resources].sort(), turn]);
    let turn = 0;
    while (found.has(key(turn))) turn += 1;
    found.set(key(turn), one);
  }
  return found;
}

const WORDS = ["owner", "approver", "expires", "ticket", "riskAcceptedBy", "reason"] as const;

function changesOf({ old, now }: Pair) {
  if (old === undefined || now === undefined) return [];
  const texts = WORDS.map((what) => ({ what, old: old[what] ?? "", new: now[what] ?? "" }));
  const stacks = { what: "stacks", old: old.stacks.join(", "), new: now.stacks.join(", ") };
  return [...texts, stacks].filter((one) => one.old !== one.new);
}

function tellOf(pair: Pair, mask: (text: string) => string): ReportExemption {
  const one = pair.now ?? pair.old;
  if (one === undefined) throw new Error("a pair of nothing");
  const short = (text: string) => cut(mask(text), TEXT_MAX);
  return {
    rule: short(one.rule),
    resources: short(one.resources.join(", ")),
    reason: cut(mask(one.reason), LINE_MAX),
    owner: short(one.owner),
    approver: short(one.approver),
    ticket: short(one.ticket),
    expires: short(one.expires),
    changes: changesOf(pair).map((change) => ({
      what: change.what,
      old: cut(mask(change.old), LINE_MAX),
      new: cut(mask(change.new), LINE_MAX),
    })),
  };
}
