/** What this machine has and lacks, with the fix. */
import { examine, type Finding } from "../doctor.ts";
import type { Verb } from "../verb.ts";

const MARKS = { ok: "✓", missing: "✗", optional: "–" } as const;

export const verb: Verb = {
  name: "doctor",
  summary: "what this machine has and lacks, with the fix",
  usage: "[--json]",
  examples: ["npm run doctor", "npm run -s doctor -- --json"],
  options: { json: { type: "boolean", help: "print one JSON object" } },
  positionals: [0, 0],
  async run({ environment, flags }) {
    const findings = await examine(environment);
    const missing = findings.filter((finding) => finding.state === "missing");
    process.stdout.write(
      flags.on("json") ? `${JSON.stringify({ findings }, null, 2)}\n` : table(findings),
    );
    return missing.length === 0 ? 0 : 1;
  },
};

function table(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map((finding) => finding.what.length));
  return findings
    .flatMap((finding) => {
      const line = `${MARKS[finding.state]} ${finding.what.padEnd(width)}  ${finding.found}`;
      if (finding.state === "ok") return [line];
      const indent = " ".repeat(width + 4);
      return [
        line,
        `${indent}for ${finding.neededBy}`,
        ...(finding.fix === undefined ? [] : [`${indent}fix: ${finding.fix}`]),
      ];
    })
    .map((line) => `${line}\n`)
    .join("");
}
