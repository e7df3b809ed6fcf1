/** The outputs of a stack: as a table for people, or exactly one JSON object for programs. */
import { maskMap } from "../../engine/plan/masking.ts";
import { type PropertyMap, revealMap } from "../../engine/values.ts";
import { notDeployed, openSession, STACK_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "outputs",
  summary: "URL, certificate authority, API key, plan",
  usage: "<stack> [--json] [--show-secrets]",
  examples: [
    "npm run outputs -- local",
    "npm run -s outputs -- local --json --show-secrets | jq -r .apiKey",
  ],
  options: {
    ...STACK_OPTIONS,
    json: { type: "boolean", help: "print one JSON object" },
    "show-secrets": { type: "boolean", help: "print secret outputs in clear" },
  },
  positionals: [1, 1],
  async run(call) {
    const session = await openSession(call);
    const outputs = await session.backend.readOutputs(session.stack);
    if (outputs === undefined || Object.keys(outputs).length === 0) {
      throw notDeployed(session);
    }
    const shown = call.flags.on("show-secrets") ? revealMap(outputs) : maskMap(outputs);
    process.stdout.write(
      call.flags.on("json") ? `${JSON.stringify(shown, null, 2)}\n` : table(shown),
    );
    return 0;
  },
};

function table(outputs: PropertyMap): string {
  const width = Math.max(0, ...Object.keys(outputs).map((key) => key.length));
  return Object.entries(outputs)
    .map(([key, value]) => {
      const text = typeof value === "string" ? value.trimEnd() : JSON.stringify(value);
      return `${key.padEnd(width)}  ${text.split("\n").join(`\n${" ".repeat(width + 2)}`)}\n`;
    })
    .join("");
}
