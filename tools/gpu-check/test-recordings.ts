/** Recordings for tests, and verdicts over changed ones. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { type Expectations, judge, type Verdict } from "./judge.ts";
import { observe, type Texts } from "./observe.ts";
import { readRecording } from "./sources.ts";

const EXPECTATIONS: Expectations = { gpus: null, xidHours: 24 };

export function recording(name: string): string {
  return path.join(import.meta.dirname, "fixtures", name);
}

export async function verdictOf(name: string, expected = EXPECTATIONS): Promise<Verdict> {
  return judge(observe(await readRecording(recording(name))), expected);
}

export const HEALTHY_XML = readFileSync(path.join(recording("healthy"), "query.xml"), "utf8");

/** A verdict over texts of one's own. */
export function verdictOver(texts: Partial<Texts>, expected = EXPECTATIONS): Verdict {
  const none = {
    where: "test",
    xml: "",
    xmlErrors: "",
    fields: null,
    kernelLog: "",
    takenAt: null,
  };
  return judge(observe({ ...none, ...texts }), expected);
}
