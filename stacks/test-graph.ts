/** For tests: the committed stacks as policies see them, under Pulumi's mocks and the simulated cloud. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { committedValues, completeValues } from "../config/test-settings.ts";
import type { JudgedResource } from "../policies/judging/judge-graph.ts";
import { settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

/** Every stack that has settings here, sorted. */
export function committedStacks(): string[] {
  return readdirSync(path.resolve(import.meta.dirname, ".."))
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

export async function graphOf(stack: string): Promise<JudgedResource[]> {
  const values = stack === "local" ? await completeValues() : committedValues(stack);
  const settings = settingsOf(values);
  const site =
    stack === "local"
      ? (await import("./local.ts")).local
      : settings.cloud === undefined
        ? (await import("./onprem.ts")).onprem
        : (await import("./cloud.ts")).cloud;
  const { resources, outputs } = await runProgram(site, settings);
  const root = { type: "pulumi:pulumi:Stack", name: `deepseek-${stack}`, inputs: {}, outputs };
  return [root, ...resources].map((one) => {
    const place = {
      ...{ type: one.type, name: one.name },
      urn: `urn:pulumi:${stack}::deepseek::${one.type}::${one.name}`,
    };
    return { inputs: { ...place, props: one.inputs }, outputs: { ...place, props: one.outputs } };
  });
}
