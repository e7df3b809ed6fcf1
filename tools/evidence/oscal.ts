/**
 * OSCAL 1.1.2 assessment results: an observation for each rule, a finding for each clause, a risk for each
 * exemption. Identifiers are UUIDs made from names, so that the same stack on the same day gives the same
 * file.
 */
import { createHash } from "node:crypto";
import type { RuleVerdict } from "../../policies/judging/judge-graph.ts";
import { type Assessment, type ClauseFinding, exemptionsOf, placeOf } from "./assessment.ts";
import type { Proof } from "./proof.ts";
import { ASKED, RULES_SIMULATED, SELF_ASSESSMENT, SIMULATED } from "./words.ts";

const VERSION = "1.1.2";

export function oscal(assessment: Assessment): object {
  const { stack, today, profile } = assessment;
  const id = (name: string) => uuidOf(`${stack} ${today} ${name}`);
  const start = `${today}T00:00:00Z`;
  return {
    "assessment-results": {
      uuid: id("assessment-results"),
      metadata: {
        title: `Self-assessment of stack ${stack}, profile ${profile.name}`,
        "last-modified": start,
        version: today,
        "oscal-version": VERSION,
        remarks: SELF_ASSESSMENT.en,
      },
      "import-ap": { href: "#policies", remarks: "The plan is the policy pack of this package." },
      results: [
        {
          uuid: id("result"),
          title: `Rules over the graph of ${stack} after a simulated apply`,
          description:
            assessment.proofs === null ? SIMULATED.en : `${RULES_SIMULATED.en} ${ASKED.en}`,
          start,
          "reviewed-controls": {
            "control-selections": [
              {
                description: `Clauses of profile ${profile.name}`,
                "include-controls": assessment.clauses.map(({ clause }) => ({
                  "control-id": tokenOf(clause.id),
                })),
              },
            ],
          },
          observations: [
            ...assessment.verdicts.map((one) => observation(one, start, id)),
            ...(assessment.proofs ?? []).map((one) => proofObservation(one, id)),
          ],
          ...riskPart(assessment, id),
          findings: assessment.clauses.map((one) => finding(one, id)),
        },
      ],
    },
  };
}

type Identify = (name: string) => string;

function observation(
  { rule, result, judgements, reason }: RuleVerdict,
  collected: string,
  id: Identify,
) {
  const told = judgements.filter((one) => one.result !== "pass");
  return {
    uuid: id(`rule ${rule.name}`),
    title: rule.name,
    description: rule.description,
    methods: ["TEST"],
    types: ["control-objective"],
    collected,
    props: [
      { name: "result", ns: NAMESPACE, value: result },
      { name: "judged", ns: NAMESPACE, value: String(judgements.length) },
    ],
    ...(told.length === 0
      ? {}
      : {
          "relevant-evidence": told.map((one) => ({
            description: `${one.result}: ${placeOf(one.urn)}: ${one.messages.join(" ")}`,
          })),
        }),
    ...(reason === undefined ? {} : { remarks: reason }),
  };
}

/** Of the running stack: collected when it was asked, with the answers as they came beside the report. */
function proofObservation({ at, title, on, ...proof }: Proof, id: Identify) {
  const prop = (name: string, value: string) => ({ name, ns: NAMESPACE, value });
  const { id: name, result, raw, findings, figures } = proof;
  return {
    uuid: id(`proof ${name}`),
    title: name,
    description: `${title.en}. Asked of: ${on}.`,
    methods: ["TEST"],
    types: ["control-objective"],
    collected: at,
    props: [
      prop("result", result),
      ...Object.entries(figures).map(([figure, value]) => prop(tokenOf(figure), String(value))),
    ],
    ...(raw === null && findings.length === 0
      ? {}
      : {
          "relevant-evidence": [
            ...(raw === null
              ? []
              : [
                  {
                    href: raw.name,
                    description: "The answers as they came.",
                    props: [prop("sha256", raw.sha256)],
                  },
                ]),
            ...findings.map((text) => ({ description: `${result}: ${text}` })),
          ],
        }),
  };
}

/** Names of our own properties; example.org, since no address of ours is registered. */
const NAMESPACE = "https://example.org/ns/deepseek-private-service";

function finding({ clause, result, answers }: ClauseFinding, id: Identify) {
  const rules = [...new Set(answers.flatMap(({ finding: { control } }) => control.rules))];
  const proofs = answers.flatMap((one) => one.finding.proofs);
  const observed = [
    ...rules.map((rule) => id(`rule ${rule}`)),
    ...new Set(proofs.map((one) => id(`proof ${one.id}`))),
  ];
  // What the running stack has shown, nobody needs to attest.
  const people = answers.flatMap(({ finding: { control, result: own } }) =>
    control.attest === undefined || own === "pass"
      ? []
      : [`${control.attest.who.en}: ${control.attest.what.en}.`],
  );
  const satisfied = result === "pass";
  return {
    uuid: id(`clause ${clause.id}`),
    title: `${clause.ref} ${clause.title.en}`,
    description: `${clause.title.zh}. Result: ${result}.`,
    target: {
      type: "objective-id",
      "target-id": tokenOf(clause.id),
      // Anything but a whole pass is not satisfied: what nobody checked or attested is not met.
      status: {
        state: satisfied ? "satisfied" : "not-satisfied",
        reason: satisfied ? "pass" : reasonOf(result),
      },
      ...(people.length === 0 ? {} : { remarks: `To be attested. ${people.join(" ")}` }),
    },
    ...(observed.length === 0
      ? {}
      : {
          "related-observations": observed.map((uuid) => ({ "observation-uuid": uuid })),
        }),
  };
}

/** OSCAL knows pass, fail and other. */
function reasonOf(result: ClauseFinding["result"]): string {
  return result === "fail" ? "fail" : "other";
}

function riskPart({ verdicts }: Assessment, id: Identify) {
  const exemptions = new Set(exemptionsOf(verdicts));
  if (exemptions.size === 0) return {};
  return {
    risks: [...exemptions].map((one) => ({
      uuid: id(`exemption ${one.rule} ${one.resources.join(" ")} ${one.stacks.join(" ")}`),
      title: `Exemption from ${one.rule}`,
      description: one.reason,
      statement: `Owner ${one.owner}, approved by ${one.approver}, ${one.ticket}${one.riskAcceptedBy === undefined ? "" : `, risk accepted by ${one.riskAcceptedBy}`}.`,
      status: "deviation-approved",
      deadline: `${one.expires}T23:59:59Z`,
    })),
  };
}

/** OSCAL's tokens begin with a letter and hold letters, digits, `.`, `_` and `-`. */
export function tokenOf(text: string): string {
  const token = text.replaceAll(/[^A-Za-z0-9._-]+/g, "_").replace(/_+$/, "");
  return /^[A-Za-z_]/.test(token) ? token : `_${token}`;
}

/** A UUID of version 5's form from a name. */
function uuidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
