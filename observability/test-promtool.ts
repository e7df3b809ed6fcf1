/**
 * Many alerts and many scenarios in one run of promtool: a file of rules and one of tests for each
 * alert, so that a scenario pays for the rules it is about and no others.
 */
import { writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { run } from "../tools/base/process.ts";
import type { Proof } from "./proofs/test-proof.ts";
import { type Scenario, scenariosOf } from "./proofs/test-scenarios.ts";
import { type AlertRule, alertTexts, NO_LINKS, type RecordingRule } from "./rules/rule.ts";

export interface Trial {
  readonly proof: Proof;
  /** The alert under its own name, or changed ones under names of their own. */
  readonly rules: readonly AlertRule[];
  readonly recordings: readonly RecordingRule[];
  /** Only the scenarios that tell one rule from another. */
  readonly short?: boolean;
}

export interface Failure {
  readonly alert: string;
  readonly scenario: string;
  readonly time: string;
}

interface Promtool {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** Empty, on a fast disk: every scenario makes a database there. */
  readonly folder: string;
}

/** What is wrong, in promtool's own words as far as it is not about an alert. */
export async function judgeTrials(
  trials: readonly Trial[],
  { program, env, folder }: Promtool,
): Promise<{ readonly failures: readonly Failure[]; readonly scenarios: number }> {
  let scenarios = 0;
  const files: string[] = [];
  for (const trial of trials) {
    const tests = scenariosOf(trial.proof).filter(({ telling }) => !trial.short || telling);
    scenarios += tests.length;
    const rules = path.join(folder, `${trial.proof.alert}.rules.yml`);
    const file = path.join(folder, `${trial.proof.alert}.test.yml`);
    await writeFile(rules, rulesFile(trial));
    await writeFile(file, testFile(trial, tests, path.basename(rules)));
    files.push(file);
  }
  const workers = Math.max(1, os.availableParallelism());
  const shards = Array.from({ length: workers }, (_, shard) =>
    files.filter((_file, index) => index % workers === shard),
  ).filter((shard) => shard.length > 0);
  const found = await Promise.all(
    shards.map(async (shard) => {
      const given = { env: { ...env, TMPDIR: folder } };
      const { code, stdout, stderr } = await run(program, ["test", "rules", ...shard], given);
      return failuresIn(code, stdout + stderr);
    }),
  );
  return { failures: found.flat(), scenarios };
}

function failuresIn(code: number | null, output: string): Failure[] {
  const failures: Failure[] = [];
  let scenario = "";
  for (const line of output.split("\n")) {
    scenario = /^\s+name: (.*),$/.exec(line)?.[1] ?? scenario;
    const [, alert, time] = /alertname: (\S+), time: (\S+),/.exec(line) ?? [];
    if (alert !== undefined) failures.push({ alert, scenario, time: time ?? "" });
  }
  if (code !== 0 && failures.length === 0) throw new Error(`promtool: ${code}\n${output}`);
  return failures;
}

function rulesFile({ rules, recordings, proof }: Trial): string {
  const alerts = rules.map((rule) => ({
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for === undefined ? {} : { for: rule.for }),
    labels: alertTexts(rule, NO_LINKS).labels,
  }));
  const group = { name: proof.alert, rules: [...recordings, ...alerts] };
  return stringify({ groups: [group] }, { lineWidth: 0 });
}

function testFile(
  { proof, rules }: Trial,
  scenarios: readonly Scenario[],
  rulesName: string,
): string {
  // What each must say is the first one's, whatever was changed in it.
  const [original] = rules;
  const { labels } = original === undefined ? { labels: {} } : alertTexts(original, NO_LINKS);
  const fired = [{ exp_labels: { ...labels, ...proof.labels } }];
  return stringify(
    {
      rule_files: [rulesName],
      evaluation_interval: `${proof.step ?? 1}m`,
      tests: scenarios.map(({ name, input, checks }) => ({
        name: `${proof.alert} ${name}`,
        interval: "1m",
        input_series: Object.entries(input).map(([series, values]) => ({ series, values })),
        alert_rule_test: checks.flatMap(({ minute, fires }) =>
          rules.map(({ alert }) => ({
            eval_time: `${minute}m`,
            alertname: alert,
            exp_alerts: fires ? fired : [],
          })),
        ),
      })),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
