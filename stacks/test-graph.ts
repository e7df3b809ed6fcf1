/** For tests: the committed stacks as policies see them, under Pulumi's mocks and the simulated cloud. */
import { committedValues, completeValues } from "../config/test-settings.ts";
import type { JudgedResource } from "../policies/judging/judge-graph.ts";
import { siteProgram } from "./site-program.ts";
import { settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

export async function graphOf(stack: string): Promise<JudgedResource[]> {
  const values = stack === "local" ? await completeValues() : committedValues(stack);
  const settings = settingsOf(values);
  const { resources, outputs } = await runProgram(await siteProgram(settings), settings);
  const root = { type: "pulumi:pulumi:Stack", name: `deepseek-${stack}`, inputs: {}, outputs };
  return [root, ...resources].map((one) => {
    const place = {
      ...{ type: one.type, name: one.name },
      urn: `urn:pulumi:${stack}::deepseek::${one.type}::${one.name}`,
    };
    return { inputs: { ...place, props: one.inputs }, outputs: { ...place, props: one.outputs } };
  });
}
