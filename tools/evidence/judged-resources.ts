/** The engine's resources as policies see them: secrets plain, since a rule must see what it forbids. */
import { createRequire } from "node:module";
import type { JudgedResource } from "../../policies/judging/judge-graph.ts";
import { nameOfUrn } from "../../policies/judging/rule.ts";
import type { ResourceState } from "../engine/resource.ts";
import { type PropertyMap, revealMap } from "../engine/values.ts";

/** Pulumi's own wrapper, which throws where a rule reads what is not known; it has no declaration. */
const { unknownCheckingProxy } = createRequire(import.meta.url)("@pulumi/policy/proxy.js") as {
  unknownCheckingProxy: (props: PropertyMap) => PropertyMap;
};

export function judgedResources(resources: readonly ResourceState[]): JudgedResource[] {
  return resources.map(({ urn, type, inputs = {}, outputs = {} }) => {
    const place = { urn, type, name: nameOfUrn(urn) };
    const props = (map: PropertyMap) => unknownCheckingProxy(revealMap(map));
    return {
      inputs: { ...place, props: props(inputs) },
      outputs: { ...place, props: props(outputs) },
    };
  });
}
