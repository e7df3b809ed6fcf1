/** For tests: stacks as policies see them, under Pulumi's mocks and the simulated cloud. */
import type { Values } from "../config/test-settings.ts";
import type { JudgedResource } from "../policies/judging/judge-graph.ts";
import { siteProgram } from "./site-program.ts";
import { valuesOf } from "./test-changes.ts";
import { settingsOf } from "./test-objects.ts";
import { runProgram } from "./test-program.ts";

/** Of a stack as it is committed, or with other values. */
export async function graphOf(stack: string, values?: Values): Promise<JudgedResource[]> {
  const settings = settingsOf(values ?? (await valuesOf(stack)));
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
