/** Every report from one small stack: in its format, complete, and with nothing that must not leave. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { RULES } from "../../policies/all-rules.ts";
import { PROFILES } from "../../policies/catalogue/profiles.ts";
import { CATALOGUE } from "../../policies/catalogue/whole.ts";
import type { ClauseResult } from "./assessment.ts";
import { answered } from "./checklist.ts";
import { evidenceFiles } from "./evidence-files.ts";
import { escaped } from "./html-text.ts";
import { tokenOf } from "./oscal.ts";
import type { Proof } from "./proof.ts";
import { assessment, BROKEN, EXEMPTION, MAP, OPEN, PASSWORD, proof } from "./test-assessment.ts";

const SMALL = assessment();
const FILES = evidenceFiles(SMALL, CATALOGUE, MAP);
const text = (name: string) => FILES.find((one) => one.name === name)?.text ?? "";

describe("the assessment", () => {
  const resultOf = (id: string): ClauseResult | undefined =>
    SMALL.clauses.find(({ clause }) => clause.id === id)?.result;

  test("answers every clause of the profile's laws and none of another's", () => {
    const laws = new Set(SMALL.clauses.map(({ clause }) => clause.law));
    expect([...laws].sort()).toEqual([...PROFILES.cnBank.laws].sort());
    expect(SMALL.clauses.every(({ answers }) => answers.length > 0)).toBe(true);
  });

  test("takes the worst result of what answers a clause", () => {
    expect(resultOf("csl:23(3)")).toBe("fail");
    expect(resultOf("mlps:8.1.1.5")).toBe("manual");
    expect(resultOf("bank:20988-2025")).toBe("exempt");
    expect(resultOf("mlps:8.1.4.6")).toBe("notEvaluated");
  });

  test("without the exemption the same stack fails there", () => {
    const strict = assessment([]);
    expect(strict.clauses.find(({ clause }) => clause.id === "bank:20988-2025")?.result).toBe(
      "fail",
    );
  });

  test("counts what it covers", () => {
    const { coverage } = SMALL;
    expect(Object.values(coverage.results).reduce((sum, one) => sum + one, 0)).toBe(
      coverage.clauses,
    );
    expect(coverage).toMatchObject({ resources: 5, judged: 5, rules: RULES.length });
  });

  test("answers the check-list line by line", () => {
    const lines = answered(SMALL);
    expect(lines).toHaveLength(6);
    for (const { asked, findings, controls } of lines) {
      expect([asked.en, findings.length > 0]).toEqual([asked.en, true]);
      for (const id of controls) expect(CATALOGUE.controls.map((one) => one.id)).toContain(id);
    }
  });
});

test("SARIF passes its public schema; exemptions are suppressions, open questions are open", () => {
  const file = path.join(import.meta.dirname, "fixtures/sarif-2.1.0-schema.json");
  // Zod takes a relative reference for an address as a whole, which it need not be.
  const relative = (key: string, value: unknown) =>
    key === "format" && value === "uri-reference" ? undefined : value;
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(file, "utf8"), relative), {
    defaultTarget: "draft-4",
  });
  const log = JSON.parse(text("results.sarif"));
  expect(schema.safeParse(log).error?.issues ?? []).toEqual([]);
  const [run] = log.runs;
  for (const wrong of [
    { ...run, tool: {} },
    { ...run, results: [{ kind: "fail" }] },
  ]) {
    expect(schema.safeParse({ ...log, runs: [wrong] }).success).toBe(false);
  }
  expect(schema.safeParse({ ...log, version: "2.0.0" }).success).toBe(false);
  const { results, taxonomies } = run;
  // What code scanning refuses a file for, or takes for one and the same fault.
  for (const { locations } of results) {
    expect(locations[0].physicalLocation.artifactLocation.uri).toMatch(/^Pulumi\.[\w-]+\.yaml$/);
  }
  const prints = results.map(
    (one: { partialFingerprints: { primaryLocationLineHash: string } }) =>
      one.partialFingerprints.primaryLocationLineHash,
  );
  expect(new Set(prints).size).toBe(results.length);
  const of = (rule: string) => results.filter((one: { ruleId: string }) => one.ruleId === rule);
  expect(of("replicated-state")[0].suppressions[0].justification).toContain("approved by security");
  expect(of("pinned-digests")[0]).toMatchObject({ kind: "open", level: "none" });
  expect(of("audit-retention")[0]).toMatchObject({ kind: "fail", level: "error" });
  expect(taxonomies[0].taxa).toHaveLength(SMALL.coverage.clauses);
});

test("OSCAL names each clause once, refers only to what is there, and is the same again", () => {
  const results = JSON.parse(text("assessment-results.oscal.json"))["assessment-results"];
  const [{ observations, findings, risks }] = results.results;
  const known = new Set(observations.map(({ uuid }: { uuid: string }) => uuid));
  const uuids = [...observations, ...findings, ...risks].map(({ uuid }) => uuid);
  expect(new Set(uuids).size).toBe(uuids.length);
  for (const uuid of uuids) {
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  const targets = findings.map(
    (one: { target: { "target-id": string } }) => one.target["target-id"],
  );
  expect(new Set(targets).size).toBe(SMALL.coverage.clauses);
  for (const target of targets) expect(target).toMatch(/^[A-Za-z_][A-Za-z0-9._-]*$/);
  for (const { "related-observations": related = [] } of findings) {
    for (const one of related) expect(known).toContain(one["observation-uuid"]);
  }
  const satisfied = findings.filter(
    (one: { target: { status: { state: string } } }) => one.target.status.state === "satisfied",
  );
  expect(satisfied).toHaveLength(SMALL.coverage.results.pass ?? 0);
  expect(evidenceFiles(assessment(), CATALOGUE, MAP)).toEqual(FILES);
  expect(tokenOf("8.1 a)")).toBe("_8.1_a");
});

test("JUnit skips what was not judged, and fails what failed", () => {
  const xml = text("junit.xml");
  const cases = [...xml.matchAll(/<testcase /g)].length;
  const sum = (key: string) =>
    [...xml.matchAll(new RegExp(` ${key}="(\\d+)"`, "g"))].reduce(
      (all, [, n]) => all + Number(n),
      0,
    );
  expect(sum("tests")).toBe(cases);
  expect(sum("failures")).toBe([...xml.matchAll(/<failure /g)].length);
  expect(sum("skipped")).toBe([...xml.matchAll(/<skipped /g)].length);
  expect(sum("failures")).toBeGreaterThan(0);
  expect(xml).toContain("exempt until 2027-05-31");
});

describe("for people", () => {
  const forPeople = FILES.filter(({ name }) => /\.(html|md)$/.test(name));

  test("every file in both languages says what it is not, and that it was simulated", () => {
    expect(forPeople).toHaveLength(8);
    for (const { name, text: words } of forPeople) {
      const [not, simulated] = name.includes(".zh.")
        ? ["不是认证", "模拟部署"]
        : ["no certificate", "simulated apply"];
      expect([name, words.includes(not), words.includes(simulated)]).toEqual([name, true, true]);
    }
    expect(text("results.sarif")).toContain("no certificate");
    expect(text("assessment-results.oscal.json")).toContain("no certificate");
  });

  test("pages hold rare characters, and each cell knows its column where a screen is narrow", () => {
    expect(escaped("𠮷野 <a> \u0001")).toBe("𠮷野 &lt;a&gt; ");
    expect(text("report.en.html")).toContain('data-head="Answer"');
    expect(text("dpia.en.html")).toContain('<th scope="row">');
    expect(text("dpia.en.html")).not.toContain('<th scope="col"></th>');
  });

  test("the report says who attests what, and marks clauses that were not read again", () => {
    expect(text("report.zh.md")).toContain("运维负责人");
    expect(text("report.en.md")).toMatch(/8\.1\.3\.1 a\) †/);
    expect(text("report.en.md")).not.toMatch(/8\.1\.4\.1 a\) †/);
    expect(text("report.en.html")).toContain("L3-CES1-04");
  });

  test("a draft of an impact assessment has the flows and stores, and leaves the rest to people", () => {
    const draft = text("dpia.en.md");
    expect(draft).toContain("| 10.0.0.0/8 | gateway | 443 |");
    expect(draft).toContain("| gateway | 10.1.0.0/16 | 5432 |");
    expect(draft).toContain("monitoring/prometheus");
    expect(draft).toContain("[Purposes, legal basis");
  });

  test("words of others can break neither HTML nor a table", () => {
    expect(text("report.en.html")).toContain("keeps &lt;no&gt; record | of it");
    expect(text("report.en.html")).not.toContain("<no>");
    const tables = text("report.en.md")
      .split(/\n\n/)
      .filter((block) => block.startsWith("|"));
    for (const block of tables) {
      const widths = block
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  test("a sheet for a bank opens as a sheet, and starts no formula", () => {
    const sheet = text("workbook.csv");
    expect(sheet.startsWith("\uFEFF法规")).toBe(true);
    expect(sheet.trimEnd().split("\r\n")).toHaveLength(SMALL.coverage.clauses + 1);
    expect(sheet).not.toMatch(/(^|,)[=+@-]/m);
    expect(sheet).toContain("(RISK-6, Until: 2027-05-31)");
    expect(sheet).toContain("审计记录留存 90 天；合规画像 cnBank 要求不少于");
  });
});

describe("with evidence of the running stack", () => {
  const filesOf = (proofs: readonly Proof[]) => {
    const judged = assessment([EXEMPTION], proofs);
    const files = evidenceFiles(judged, CATALOGUE, MAP);
    return { judged, file: (name: string) => files.find((one) => one.name === name)?.text ?? "" };
  };

  test("one that passed is the evidence, one that failed fails its control, one that is open is neither", () => {
    const { judged } = filesOf([proof({}), OPEN, BROKEN]);
    const resultOf = (id: string) =>
      judged.controls.find(({ control }) => control.id === id)?.result;
    expect(resultOf("handshakes")).toBe("pass");
    expect(resultOf("alert-proof")).toBe("evidence");
    expect(resultOf("audit-sealed")).toBe("fail");
    expect(SMALL.controls.find(({ control }) => control.id === "handshakes")?.result).toBe(
      "evidence",
    );
    const clause = (id: string) => judged.clauses.find((one) => one.clause.id === id)?.result;
    expect([clause("mlps:8.1.5.4.f"), clause("mlps:8.1.4.3.a")]).toEqual(["evidence", "fail"]);
  });

  test("a failed proof outweighs what rules have passed", () => {
    const { judged } = filesOf([proof({ result: "fail", control: "default-deny" })]);
    const { verdicts, result } =
      judged.controls.find((one) => one.control.id === "default-deny") ?? {};
    expect([verdicts?.length, result]).toEqual([1, "fail"]);
  });

  test("the page says when, on what, by which figures, and where the answers lie", () => {
    const { file } = filesOf([proof({}), OPEN, BROKEN]);
    for (const [name, figure] of [
      ["report.en.html", "handshakes: 12"],
      ["report.zh.html", "握手次数：12"],
    ] as const) {
      expect(file(name)).toContain("https://edge &lt;1&gt;");
      expect(file(name)).toContain("2026-11-26 09:08:07 UTC");
      expect(file(name)).toContain(figure);
      expect(file(name)).toContain("ab".repeat(32));
    }
    expect(file("report.en.md")).toContain("Handshakes \\| all");
    expect(file("report.en.md")).toContain("The running stack was asked as well");
    expect(text("report.en.md")).not.toContain("The running stack was asked as well");
  });

  test("OSCAL has an observation each with the day it was collected, JUnit a suite", () => {
    const { file } = filesOf([proof({}), OPEN, BROKEN]);
    const [result] = JSON.parse(file("assessment-results.oscal.json"))["assessment-results"]
      .results;
    const of = (title: string) =>
      result.observations.find((one: { title: string }) => one.title === title);
    expect(of("handshakes-edge")).toMatchObject({
      ...{ methods: ["TEST"], collected: "2026-11-26T09:08:07.000Z" },
      "relevant-evidence": [{ href: "evidence/handshakes-edge.json" }],
    });
    expect(of("alert-delivery")["relevant-evidence"]).toHaveLength(1);
    const related = JSON.stringify(result.findings);
    for (const title of ["handshakes-edge", "alert-delivery", "audit-chain"]) {
      expect(related).toContain(of(title).uuid);
    }
    const xml = file("junit.xml");
    expect(xml).toContain(
      '<testsuite name="evidence of the running stack" tests="3" failures="1" skipped="1">',
    );
    expect(xml).toContain("not evaluated: no way to &lt;Prometheus&gt;");
  });
});

test("no secret is in any of them", () => {
  for (const { name, text: words } of FILES) {
    expect([name, words.includes(PASSWORD)]).toEqual([name, false]);
  }
});
