/**
 * The scenarios of a proof: fires when it must and not before, is silent at rest, at the edge, with too
 * few to judge, without traffic, without any series, where series are new, and in worlds of its own; a scrape that fails and a
 * program that restarts change nothing of it.
 */
import type { Level, Proof, Series } from "./test-proof.ts";

export interface Check {
  readonly minute: number;
  readonly fires: boolean;
}

export interface Scenario {
  readonly name: string;
  /** Name of a series → its values, one a minute, in promtool's notation. */
  readonly input: Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
  /** It tells one rule from another; the rest are about what happens to samples. */
  readonly telling: boolean;
}

interface Course {
  readonly minutes: number;
  readonly level: (minute: number) => Level | null;
  /** A scrape that fails: promtool writes what Prometheus would. */
  readonly gap?: number;
  /** The program restarts: counters begin anew. */
  readonly restart?: number;
}

const HISTORY = 15;
/** How long scenarios look on after the decision. */
const AFTER = 5;
/** A counter has counted before anybody looks. */
const COUNTED = 1_000;

export function scenariosOf(proof: Proof): Scenario[] {
  const step = proof.step ?? 1;
  const start = proof.history ?? HISTORY * step;
  const { fires } = proof;
  const end = start + fires + AFTER * step;
  const middle = start + Math.max(1, Math.floor(fires / 2));
  const begun = (minute: number): Level => (minute < start ? "calm" : "trouble");
  const born = (level: Level) => (minute: number) => (minute < start ? null : level);
  const silence = (from: number, to: number) =>
    [0, 0.25, 0.5, 0.75, 1].map((share) => ({
      minute: Math.round((from + share * (to - from)) / step) * step,
      fires: false,
    }));
  const scenario = (
    name: string,
    course: Course,
    checks: readonly Check[],
    world = proof.series,
  ): Scenario => ({
    name,
    input: Object.fromEntries(world.map((series) => [series.name, valuesOf(series, course)])),
    checks,
    telling:
      world !== proof.series ||
      /^(fires when|is silent at|is silent where there are too|knows the absence)/.test(name),
  });
  const steady = (name: string, level: Level, fired = false) =>
    scenario(
      name,
      { minutes: end, level: () => level },
      fired ? [{ minute: end, fires: true }] : silence(0, end),
    );
  return [
    scenario("fires when it must, and not before", { minutes: end, level: begun }, [
      { minute: start - step, fires: false },
      { minute: start + fires - step, fires: false },
      { minute: start + fires, fires: true },
      { minute: end, fires: true },
    ]),
    scenario(
      "is silent at rest, through a scrape that fails and a restart",
      { minutes: end, level: () => "calm", gap: start + 2, restart: start + 5 },
      silence(0, end),
    ),
    // What compares with the past is at its edge only where the past was another.
    proof.needsPast === true
      ? scenario(
          "is silent at the edge",
          { minutes: end, level: (minute) => (minute < start ? "calm" : "edge") },
          silence(0, end),
        )
      : steady("is silent at the edge", "edge"),
    ...(proof.also ?? []).map(({ name, minutes, fires: fired, series }) =>
      scenario(
        name,
        { minutes, level: () => "trouble" },
        [{ minute: minutes, fires: fired }],
        series,
      ),
    ),
    ...(proof.few === true ? [steady("is silent where there are too few to judge", "few")] : []),
    steady("knows the absence of traffic", "idle", proof.idleFires),
    scenario("fires through a scrape that fails", { minutes: end, level: begun, gap: middle }, [
      { minute: start + fires + step, fires: true },
    ]),
    scenario("fires through a restart", { minutes: end, level: begun, restart: middle }, [
      { minute: start + fires + step, fires: true },
    ]),
    scenario(
      "knows that there is no series",
      { minutes: end, level: () => null },
      proof.absence === true ? [{ minute: end, fires: true }] : [{ minute: end, fires: false }],
    ),
    ...(proof.absence === true
      ? []
      : [
          scenario(
            proof.needsPast === true
              ? "is silent where series have no past"
              : "fires where series begin with the trouble",
            { minutes: end, level: born("trouble") },
            [
              { minute: start - step, fires: false },
              { minute: end, fires: proof.needsPast !== true },
            ],
          ),
        ]),
    ...(proof.birth === true || proof.absence === true
      ? []
      : [
          scenario(
            "is silent where series are new",
            { minutes: end, level: born("calm") },
            silence(start, end),
          ),
        ]),
  ];
}

function valuesOf({ kind, levels }: Series, course: Course): string {
  const values: string[] = [];
  let total = COUNTED;
  for (let minute = 0; minute <= course.minutes; minute += 1) {
    const level = course.level(minute);
    const value = level === null ? null : levels[level];
    const now = typeof value === "function" ? value(minute) : value;
    if (course.restart === minute) total = 0;
    if (kind === "counter" && now !== null && minute > 0) total += now;
    if (now === null) values.push(minute === 0 || values.at(-1) === "_" ? "_" : "stale");
    else if (course.gap === minute) values.push("stale");
    else values.push(String(kind === "counter" ? Number(total.toPrecision(12)) : now));
  }
  // A hole of nothing has no end of its own.
  return values
    .map((value, at) => (value === "stale" && values[at - 1] === "stale" ? "_" : value))
    .join(" ");
}
