/**
 * Outside judges over every stack: each is planned with nothing but its settings, and kube-score,
 * Monokle and checkov say what they think of it. What nobody explained fails, and so does an
 * explanation that nobody needs any more.
 */
import os from "node:os";
import { createProgress } from "../../base/progress.ts";
import { kubernetesVersion } from "../../cluster/binaries.ts";
import { EXPLAINED } from "../../judges/explained.ts";
import { type StackVerdict, type Verdict, weigh } from "../../judges/explanation.ts";
import type { Finding, JudgeName } from "../../judges/finding.ts";
import { ensureJudges, type Judged, judgeStack } from "../../judges/judge-stack.ts";
import { openSession, stackNames } from "../session.ts";
import { simulatedGraph } from "../simulated-graph.ts";
import { type Call, Flags, type Verb } from "../verb.ts";

const JUDGES: readonly JudgeName[] = ["kube-score", "monokle", "checkov"];

export const verb: Verb = {
  name: "judge",
  summary: "kube-score, Monokle and checkov over every stack",
  usage: "[STACK ...] [--json]",
  examples: [
    "npm run judge                       # every stack that has settings here",
    "npm run judge -- local",
    "npm run -s judge -- --json | jq '.stacks[].unexplained'",
  ],
  options: {
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 50],
  async run(call) {
    const all = await stackNames(call.environment.projectDir);
    const stacks = call.positionals.length === 0 ? all : [...new Set(call.positionals)];
    const judged = await judgeAll(call, stacks);
    const whole = all.every((stack) => stacks.includes(stack));
    const verdict = weigh(judged, EXPLAINED, whole);
    process.stdout.write(
      call.flags.on("json") ? `${JSON.stringify(verdict, null, 2)}\n` : text(judged, verdict),
    );
    const clean = verdict.stacks.every(({ unexplained }) => unexplained.length === 0);
    return clean && verdict.dead.length === 0 ? 0 : 1;
  },
};

type JudgedStack = Judged & { readonly stack: string };

/** Stacks are planned one after the other; as many are judged meanwhile as there are processors. */
async function judgeAll(call: Call, stacks: readonly string[]): Promise<JudgedStack[]> {
  // Of a session's options only this one matters: nothing is deployed and nothing kept.
  const flags = new Flags({ "simulate-cloud": true });
  const sessions = await Promise.all(
    stacks.map((stack) => openSession({ ...call, positionals: [stack], flags })),
  );
  const progress = createProgress();
  const judges = await ensureJudges(await kubernetesVersion(), progress);
  const running = new Set<Promise<unknown>>();
  const results: Promise<JudgedStack>[] = [];
  for (const session of sessions) {
    const { stack } = session;
    const resources = await progress.step(`planning ${stack}`, () => simulatedGraph(session));
    while (running.size >= os.availableParallelism()) await Promise.race(running);
    const result = progress.step(`judging ${stack}`, async () => ({
      stack,
      ...(await judgeStack(judges, resources)),
    }));
    results.push(result);
    const settled: Promise<unknown> = result.then(
      () => running.delete(settled),
      () => running.delete(settled),
    );
    running.add(settled);
  }
  return Promise.all(results);
}

function text(judged: readonly JudgedStack[], verdict: Verdict): string {
  const rows = judged.map(({ stack, kubernetesObjects, cloudResources }) => {
    const found = verdict.stacks.find((one) => one.stack === stack);
    const cells = JUDGES.map((judge) => cell(found, judge));
    return [stack, String(kubernetesObjects), String(cloudResources), ...cells];
  });
  const lines = table([["stack", "objects", "cloud", ...JUDGES], ...rows]);
  const unexplained = grouped(verdict.stacks);
  const dead = verdict.dead.map((pattern) => `  nothing needs the explanation of ${pattern}`);
  return `${[
    ...lines,
    "",
    "Each cell: findings, those explained (tools/judges/explained.ts), those not.",
    ...(unexplained.length === 0 ? [] : ["", "Not explained:", ...unexplained]),
    ...(dead.length === 0 ? [] : ["", "Dead explanations:", ...dead]),
  ].join("\n")}\n`;
}

function cell(verdict: StackVerdict | undefined, judge: JudgeName): string {
  const count = (findings: readonly Finding[] = []) =>
    findings.filter((finding) => finding.judge === judge).length;
  const counts = [verdict?.findings, verdict?.explained, verdict?.unexplained].map(count);
  return counts.join(" / ");
}

/** The same finding in several stacks is one line. */
function grouped(stacks: readonly StackVerdict[]): string[] {
  const places = new Map<string, string[]>();
  for (const { stack, unexplained } of stacks) {
    for (const { judge, rule, object, message } of unexplained) {
      const line = `  ${judge} ${rule}  ${object}: ${message}`;
      places.set(line, [...(places.get(line) ?? []), stack]);
    }
  }
  return [...places].map(([line, names]) => `${line}  (${[...new Set(names)].join(", ")})`);
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(width(column)))
      .join("   ")
      .trimEnd(),
  );
}
