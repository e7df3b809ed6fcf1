/** What this machine has and lacks, and what a stack's cluster does, with the fix. */
import { askedCluster } from "../asked-cluster.ts";
import { examine } from "../doctor.ts";
import type { Finding } from "../finding.ts";
import { givenKubeconfig } from "../local-stack.ts";
import { openSession, STACK_OPTIONS } from "../session.ts";
import type { Call, Verb } from "../verb.ts";

const MARKS = { ok: "✓", missing: "✗", optional: "–" } as const;

export const verb: Verb = {
  name: "doctor",
  summary: "what this machine and a stack's cluster have and lack, with the fix",
  usage: "[stack] [--kubeconfig FILE] [--json]",
  examples: [
    "npm run doctor",
    "npm run doctor -- onprem-bank --kubeconfig bank.yaml   # and the operators that it needs",
    "npm run -s doctor -- --json",
  ],
  options: {
    ...STACK_OPTIONS,
    kubeconfig: { type: "string", value: "FILE", help: "the stack's cluster" },
    context: { type: "string", value: "NAME", help: "the kubeconfig's context" },
    config: { type: "string", multiple: true, value: "KEY=VALUE", help: "a setting for this run" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [0, 1],
  async run(call) {
    const findings =
      call.positionals.length === 0
        ? await examine(call.environment, { ownCluster: true })
        : await examineFor(call);
    const missing = findings.filter((finding) => finding.state === "missing");
    process.stdout.write(
      call.flags.on("json") ? `${JSON.stringify({ findings }, null, 2)}\n` : table(findings),
    );
    return missing.length === 0 ? 0 : 1;
  },
};

/** A stack with a cluster of its own asks nothing of this machine for the one-node cluster. */
async function examineFor(call: Call): Promise<readonly Finding[]> {
  const session = await openSession(call);
  const { environment: variables } = await askedCluster(session);
  const ownCluster = session.isLocal && givenKubeconfig(session) === undefined;
  // What plans a stack is much to load for a look at the machine.
  const { operatorsOf } = await import("../operators.ts");
  const [machine, operators] = await Promise.all([
    examine({ ...call.environment, variables }, { ownCluster }),
    operatorsOf(session),
  ]);
  return [...machine, ...operators];
}

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
