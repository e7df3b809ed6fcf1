/** How long the policies take for a thousand resources: the goal is a second on two cores. */
import os from "node:os";
import { RULES } from "../../../policies/all-rules.ts";
import { EXEMPTIONS } from "../../../policies/exemptions.ts";
import { type JudgedResource, judgeGraph } from "../../../policies/judging/judge-graph.ts";
import { median } from "../../bench/measure.ts";
import { judgedResources } from "../../evidence/judged-resources.ts";
import { openSession } from "../session.ts";
import { simulatedGraph } from "../simulated-graph.ts";
import { Flags, type Verb } from "../verb.ts";

export const verb: Verb = {
  name: "bench:policies",
  summary: "how long the policies take for a thousand resources",
  usage: "[STACK] [--resources N] [--rounds N] [--json]",
  examples: ["npm run bench:policies", "npm run -s bench:policies -- prod --rounds 20 --json"],
  options: {
    resources: { type: "string", value: "N", help: "how many (default 1000)" },
    rounds: { type: "string", value: "N", help: "how often (default 10)" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 1],
  async run(call) {
    const [stack = "prod"] = call.positionals;
    const wanted = call.flags.integer("resources", 1_000, 1, 100_000);
    const rounds = call.flags.integer("rounds", 10, 1, 1_000);
    const flags = new Flags({ "simulate-cloud": true });
    const session = await openSession({ ...call, positionals: [stack], flags });
    const resources = repeated(judgedResources(await simulatedGraph(session)), wanted);
    const options = { exemptions: EXEMPTIONS, today: new Date().toISOString().slice(0, 10) };
    const times: number[] = [];
    // The first round compiles, and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const begin = performance.now();
      judgeGraph(RULES, resources, options);
      if (round > 0) times.push(performance.now() - begin);
    }
    const result = {
      ...{ stack, resources: resources.length, rules: RULES.length },
      cores: os.availableParallelism(),
      medianMs: Math.round(median(times)),
      maxMs: Math.round(Math.max(...times)),
    };
    process.stdout.write(
      call.flags.on("json")
        ? `${JSON.stringify(result, null, 2)}\n`
        : `${result.rules} rules over ${result.resources} resources (${stack}, repeated): median ${result.medianMs} ms, most ${result.maxMs} ms\n`,
    );
    return 0;
  },
};

/** The stack's resources again and again under other names, to the number that was asked for. */
function repeated(resources: readonly JudgedResource[], wanted: number): JudgedResource[] {
  return Array.from({ length: wanted }, (_, index) => {
    const one = resources[index % resources.length];
    if (one === undefined) throw new Error("the stack has no resources");
    const turn = Math.floor(index / resources.length);
    const urn = turn === 0 ? one.inputs.urn : `${one.inputs.urn}-${turn}`;
    return { inputs: { ...one.inputs, urn }, outputs: { ...one.outputs, urn } };
  });
}
