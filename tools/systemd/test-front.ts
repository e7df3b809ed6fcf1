/** The front of the local stack, under mocks, as files of a machine; and what a test needs to call it. */

import { frontOf, SHAPES, type ShapeName } from "../../components/sizing/shapes.ts";
import { parseSettings } from "../../config/parse.ts";
import { asTexts, completeValues } from "../../config/test-settings.ts";
import { local } from "../../stacks/local.ts";
import { runProgram } from "../../stacks/test-program.ts";
import { ensureCertificates, type StackCertificates } from "../cli/certificates.ts";
import type { PropertyMap } from "../engine/values.ts";
import { frontWorkloads, type MachineFile, machineFiles } from "./machine-files.ts";

export interface TestFront {
  readonly files: readonly MachineFile[];
  readonly certificates: StackCertificates;
  readonly apiKey: string;
}

export async function testFront(
  shape: ShapeName,
  showSecrets: boolean,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestFront> {
  const values = await completeValues();
  const services = ["model-deepseek-llm-7b-chat", "model-deepseek-coder-33b-instruct"];
  const { certificates } = await ensureCertificates(undefined, services);
  const parsed = parseSettings(
    asTexts({ ...values, "deepseek:certificates": certificates, ...more }),
  );
  if ("faults" in parsed) throw new Error(JSON.stringify(parsed.faults));
  const { resources, outputs } = await runProgram(local, parsed.settings);
  const front = frontWorkloads(resources.map(({ inputs }) => inputs as PropertyMap));
  if (front === undefined) throw new Error("no front");
  const plan = frontOf(SHAPES[shape], { edge: front.edge.memory, gateway: front.gateway.memory });
  if ("refusal" in plan) throw new Error(plan.refusal);
  return {
    files: machineFiles(front, plan.front, { showSecrets }),
    certificates,
    apiKey: String(outputs["apiKey"]),
  };
}
