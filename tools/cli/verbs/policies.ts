/**
 * The policies over a stack, for an auditor: the program runs with the embedded engine and a simulated
 * apply, every rule judges the graph, and the reports say clause by clause what was found. Nothing is
 * deployed, no cluster and no cloud is asked.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { RULES } from "../../../policies/all-rules.ts";
import { PROFILES, type Profile } from "../../../policies/catalogue/profiles.ts";
import { CATALOGUE, rulesWithFloor } from "../../../policies/catalogue/whole.ts";
import { EXEMPTIONS } from "../../../policies/exemptions.ts";
import { faultsOfExemption } from "../../../policies/judging/exemptions.ts";
import { judgeGraph } from "../../../policies/judging/judge-graph.ts";
import { profileOf } from "../../../policies/judging/profile.ts";
import { contextOf } from "../../../policies/judging/rule.ts";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { UserError } from "../../base/user-error.ts";
import { type Assessment, assess, placeOf } from "../../evidence/assessment.ts";
import { dataMapOf } from "../../evidence/data-map.ts";
import { type EvidenceFile, evidenceFiles } from "../../evidence/evidence-files.ts";
import { judgedResources } from "../../evidence/judged-resources.ts";
import { figuresText, type Proof } from "../../evidence/proof.ts";
import { EVIDENCE_OPTIONS, liveEvidence } from "../live-evidence.ts";
import { openSession, STACK_OPTIONS } from "../session.ts";
import { simulatedGraph } from "../simulated-graph.ts";
import { type Call, Flags, type Verb } from "../verb.ts";

/** Reports name what is weak, so they are for their owner's eyes. */
const OWN_MODE = 0o600;

export const verb: Verb = {
  name: "policies",
  summary: "judges a stack clause by clause, and writes evidence for auditors",
  usage: "<stack> [--report DIR] [options]",
  examples: [
    "npm run policies -- prod",
    "npm run policies -- onprem-bank --report evidence",
    "npm run policies -- prod --profile gdpr --report evidence",
    "npm run policies -- local --report evidence --evidence",
    "npm run -s policies -- prod --json | jq .coverage",
  ],
  options: {
    ...STACK_OPTIONS,
    config: { type: "string", multiple: true, value: "KEY=VALUE", help: "a setting for this run" },
    report: { type: "string", value: "DIR", help: "the folder to write reports to" },
    profile: {
      type: "string",
      value: "NAME",
      help: `judge by another profile: ${Object.keys(PROFILES).join(", ")}`,
    },
    ...EVIDENCE_OPTIONS,
    strict: { type: "boolean", help: "exit 1 also where something was not evaluated" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [1, 1],
  async run(call) {
    const [stack = ""] = call.positionals;
    const profileName = call.flags.text("profile");
    if (profileName !== undefined && !Object.hasOwn(PROFILES, profileName)) {
      throw new UserError(`there is no profile "${profileName}"`, {
        where: "command line",
        fix: `one of: ${Object.keys(PROFILES).join(", ")}`,
      });
    }
    const { assessment, map, files } = await assessed(call, stack, profileName);
    const folder = call.flags.text("report");
    if (folder !== undefined) {
      await writeReports(folder, [...evidenceFiles(assessment, CATALOGUE, map), ...files]);
    }
    process.stdout.write(call.flags.on("json") ? asJson(assessment) : asText(assessment, folder));
    const all = [...assessment.verdicts, ...(assessment.proofs ?? [])];
    const has = (result: string) => all.some((one) => one.result === result);
    return has("fail") || (call.flags.on("strict") && has("notEvaluated")) ? 1 : 0;
  },
};

async function assessed(call: Call, stack: string, profileName: string | undefined) {
  // Of a session's options only these matter: nothing is deployed and nothing kept.
  const flags = new Flags({
    "simulate-cloud": true,
    cwd: call.flags.text("cwd"),
    config: call.flags.list("config"),
  });
  const session = await openSession({ ...call, flags });
  const resources = judgedResources(await simulatedGraph(session));
  const outputs = resources.map((one) => one.outputs);
  const settings = profileName === undefined ? {} : { all: { profile: profileName } };
  const profile = profileOf(contextOf(outputs, settings.all ?? {})) ?? refuseWithoutProfile(stack);
  const today = new Date().toISOString().slice(0, 10);
  refuseBadExemptions(today);
  const verdict = judgeGraph(RULES, resources, { exemptions: EXEMPTIONS, today, settings });
  const live = call.flags.on("evidence")
    ? await liveEvidence(await openSession(call), outputs, profile.floors.auditDaysMin)
    : null;
  const input = { stack, profile, today, catalogue: CATALOGUE, verdict };
  return {
    assessment: assess({ ...input, resources: resources.length, proofs: live?.proofs ?? null }),
    map: dataMapOf(outputs),
    files: live?.files ?? [],
  };
}

/** A row that lacks its reason or its end bears nothing; all such rows are told at once. */
function refuseBadExemptions(today: string): void {
  const ground = {
    rules: new Set(RULES.map(({ name }) => name)),
    floors: rulesWithFloor(CATALOGUE),
    today,
  };
  const faults = EXEMPTIONS.flatMap((one) =>
    faultsOfExemption(one, ground).map((fault) => `${one.rule} (${one.ticket}) ${fault}`),
  );
  if (faults.length === 0) return;
  throw new UserError(faults.join("\n"), {
    where: "policies/exemptions.ts",
    fix: "give each row what docs/policies.md asks of an exemption",
  });
}

function refuseWithoutProfile(stack: string): Profile {
  throw new UserError("the stack names no profile, so that nothing can be measured", {
    where: stack,
    fix: "export plan.profile from the program, or give --profile",
  });
}

async function writeReports(folder: string, files: readonly EvidenceFile[]): Promise<void> {
  for (const { name, text } of files) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFileAtomic(file, text, OWN_MODE);
  }
}

function asJson(assessment: Assessment): string {
  const { stack, profile, coverage, verdicts, clauses, unused, proofs } = assessment;
  const document = {
    ...{ stack, profile: profile.name, simulated: true, selfAssessment: true, coverage },
    rules: verdicts.map(({ rule, result, judgements, reason }) => ({
      ...{ rule: rule.name, result, reason },
      judged: judgements.length,
      found: judgements
        .filter((one) => one.result !== "pass")
        .map(({ urn, result: own, messages }) => ({ urn, result: own, messages })),
    })),
    clauses: clauses.map(({ clause, result }) => ({ clause: clause.id, result })),
    unusedExemptions: unused.map(({ rule, resources }) => ({ rule, resources })),
    ...(proofs === null ? {} : { evidence: proofs }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function asText(assessment: Assessment, folder: string | undefined): string {
  const { stack, profile, coverage, verdicts, unused, proofs } = assessment;
  const lines = verdicts.flatMap(({ judgements }) =>
    judgements
      .filter(({ result }) => result === "fail")
      .flatMap(({ rule, urn, messages }) =>
        messages.map((one) => `  ✗ ${rule}  ${placeOf(urn)}: ${one}`),
      ),
  );
  const count = (result: string) => verdicts.filter((one) => one.result === result).length;
  const results = ["pass", "fail", "exempt", "notEvaluated", "notApplicable"]
    .map((result) => `${count(result)} ${result}`)
    .join(", ");
  const clauses = Object.entries(coverage.results).map(([result, sum]) => `${sum} ${result}`);
  return `${[
    `${stack}, profile ${profile.name}: the graph after a simulated apply, a self-assessment.`,
    ...lines,
    `  rules     ${coverage.rules}: ${results}`,
    `  controls  ${coverage.controls}, of which ${coverage.automated} are checked by rules`,
    `  clauses   ${coverage.clauses}: ${clauses.join(", ")}`,
    `  resources ${coverage.judged} of ${coverage.resources} judged, ${coverage.judgements} judgements`,
    ...(proofs ?? []).flatMap(proofLines),
    ...unused.map(
      (one) => `  ! nothing needs the exemption from ${one.rule} for ${one.resources.join(", ")}`,
    ),
    ...(folder === undefined ? [] : [`  reports   ${path.resolve(folder)}`]),
  ].join("\n")}\n`;
}

const MARKS = { pass: "✓", fail: "✗", notEvaluated: "–" } as const;

function proofLines(proof: Proof): string[] {
  const words = proof.result === "notEvaluated" ? " (not evaluated)" : "";
  const figures = figuresText(proof);
  return [
    `  ${MARKS[proof.result]} ${proof.title.en}${words}${figures === "" ? "" : `: ${figures}`}`,
    ...proof.findings.map((text) => `      ${text}`),
  ];
}
