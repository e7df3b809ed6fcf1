/**
 * SARIF 2.1.0: faults are results, exemptions are suppressions with their reason, what could not be judged
 * is a result of kind "open", and the clauses are a taxonomy that each rule points into. A resource has no
 * line of its own; code scanning refuses a file with a result that stands in none, so that each stands in
 * the stack's settings.
 */
import { createHash } from "node:crypto";
import type { Catalogue, Clause } from "../../policies/catalogue/catalogue.ts";
import { answersTo } from "../../policies/catalogue/whole.ts";
import type { Judgement } from "../../policies/judging/judge-graph.ts";
import type { Rule } from "../../policies/judging/rule.ts";
import { type Assessment, placeOf } from "./assessment.ts";
import { SELF_ASSESSMENT } from "./words.ts";

const LEVELS = { low: "note", medium: "warning", high: "error", critical: "error" } as const;
const TAXONOMY = "clauses";

export function sarif(assessment: Assessment, catalogue: Catalogue): object {
  const clauses = assessment.clauses.map(({ clause }) => clause);
  const rules = assessment.verdicts.map(({ rule }) => rule);
  const results = assessment.verdicts.flatMap(({ judgements }) =>
    judgements.flatMap((one) => resultsOf(one, rules, assessment.stack)),
  );
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "deepseek-private-policies",
            informationUri: "https://example.org/deepseek-private-service/docs/policies.md",
            rules: rules.map((rule) => descriptorOf(rule, clauses, catalogue)),
            supportedTaxonomies: [{ name: TAXONOMY, index: 0 }],
          },
        },
        // Each stack's faults are its own, where several are told to one repository.
        automationDetails: { id: `policies/${assessment.stack}/` },
        taxonomies: [
          {
            name: TAXONOMY,
            shortDescription: { text: "Clauses that the profile answers to, in our words" },
            taxa: clauses.map(({ id, ref, title }) => ({
              ...{ id, name: ref },
              shortDescription: { text: `${title.en} (${title.zh})` },
            })),
          },
        ],
        invocations: [{ executionSuccessful: true }],
        properties: {
          stack: assessment.stack,
          profile: assessment.profile.name,
          judged: assessment.today,
          note: SELF_ASSESSMENT.en,
        },
        results,
      },
    ],
  };
}

function descriptorOf(rule: Rule, clauses: readonly Clause[], catalogue: Catalogue) {
  const answered = clauses.flatMap((clause) => {
    const answer = answersTo(clause, catalogue).find(({ control }) =>
      control.rules.includes(rule.name),
    );
    return answer === undefined ? [] : [{ clause, whole: answer.strength === "full" }];
  });
  return {
    id: rule.name,
    shortDescription: { text: rule.description },
    defaultConfiguration: { level: LEVELS[rule.severity as keyof typeof LEVELS] ?? "warning" },
    relationships: answered.map(({ clause, whole }) => ({
      target: { id: clause.id, toolComponent: { name: TAXONOMY, index: 0 } },
      // "superset": what passes the rule has all that the clause asks of a program.
      kinds: [whole ? "superset" : "relevant"],
    })),
  };
}

function resultsOf(judgement: Judgement, rules: readonly Rule[], stack: string) {
  if (judgement.result === "pass") return [];
  const { rule: ruleId, urn, exemption } = judgement;
  const rule = rules.find(({ name }) => name === ruleId);
  const open = judgement.result === "notEvaluated";
  return judgement.messages.map((text) => ({
    ruleId,
    ruleIndex: rules.findIndex(({ name }) => name === ruleId),
    kind: open ? "open" : "fail",
    level: open ? "none" : (LEVELS[rule?.severity as keyof typeof LEVELS] ?? "warning"),
    message: { text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: `Pulumi.${stack}.yaml` },
          region: { startLine: 1 },
        },
        logicalLocations: [{ fullyQualifiedName: urn, name: placeOf(urn), kind: "resource" }],
      },
    ],
    partialFingerprints: {
      "urn/v1": `${ruleId} ${urn}`,
      // Code scanning tells faults apart by this one; the line is the same for all.
      primaryLocationLineHash: createHash("sha256")
        .update(`${ruleId} ${urn} ${text}`)
        .digest("hex")
        .slice(0, 16),
    },
    ...(judgement.result !== "exempt" || exemption === undefined
      ? {}
      : {
          suppressions: [
            {
              kind: "external",
              status: "accepted",
              justification: `${exemption.reason} Owner: ${exemption.owner}; approved by ${exemption.approver}; ${exemption.ticket}; until ${exemption.expires}.${exemption.riskAcceptedBy === undefined ? "" : ` Risk accepted by ${exemption.riskAcceptedBy}.`}`,
            },
          ],
        }),
  }));
}
