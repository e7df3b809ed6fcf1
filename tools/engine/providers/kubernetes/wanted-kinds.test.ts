import { expect, test } from "vitest";
import type { PropertyMap } from "../../values.ts";
import { WantedKinds } from "./wanted-kinds.ts";

const scaled = (name: string) => ({
  apiVersion: "keda.sh/v1alpha1",
  kind: "ScaledObject",
  metadata: { name, namespace: "deepseek" },
});
const definition = (version: PropertyMap): PropertyMap => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  spec: { group: "keda.sh", names: { kind: "ScaledObject" }, versions: [version] },
});

test("all kinds that are missing are told at once, with objects of them and what is served instead", async () => {
  const kinds = new WantedKinds();
  kinds.want(scaled("b"));
  kinds.want(scaled("a"));
  kinds.want({ apiVersion: "ray.io/v1", kind: "RayService", metadata: { name: "m" } });
  const fault = await kinds.fault(async (group) => (group === "keda.sh" ? ["v2", "v3"] : []));
  expect(fault?.exitCode).toBe(2);
  expect(fault?.message).toBe(
    "the cluster does not serve 2 kinds that this stack needs:" +
      "\n  - keda.sh/v1alpha1 ScaledObject (deepseek/a and 1 more); of keda.sh it serves v2, v3" +
      "\n  - ray.io/v1 RayService (m); of ray.io it serves nothing",
  );
});

test.each([
  ["before", { name: "v1alpha1", served: true }, undefined],
  ["before, in a version that it does not serve", { name: "v1alpha1", served: false }, "a kind"],
  ["before, in another version", { name: "v1" }, "a kind"],
])("a definition of the same program, %s", async (_, version, told) => {
  const kinds = new WantedKinds();
  kinds.note(definition(version));
  kinds.want(scaled("a"));
  const fault = await kinds.fault(async () => []);
  if (told === undefined) expect(fault).toBeUndefined();
  else expect(fault?.message).toContain(told);
});

test("a definition that comes after its objects serves as well", async () => {
  const kinds = new WantedKinds();
  kinds.want(scaled("a"));
  kinds.note(definition({ name: "v1alpha1" }));
  expect(await kinds.fault(async () => [])).toBeUndefined();
});
