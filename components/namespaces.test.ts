/** Every namespace is restricted but those that say why they are not. */
import { expect, test } from "vitest";
import { Namespaces } from "./namespaces.ts";
import { GPU_NAMESPACE_EXEMPTION } from "./serving/gpu-runtime.ts";
import { objectsOf } from "./serving/test-models.ts";

test("an exemption is of one namespace, with its reason beside it", async () => {
  const [service, gpus] = await objectsOf(
    () =>
      new Namespaces("namespaces", {
        names: ["deepseek", "deepseek-gpu"],
        exempted: { "deepseek-gpu": GPU_NAMESPACE_EXEMPTION },
      }),
  );
  const level = "pod-security.kubernetes.io/enforce";
  expect(service.metadata.labels[level]).toBe("restricted");
  expect(service.metadata.annotations).toBeUndefined();
  expect(gpus.metadata.labels).toMatchObject({
    [level]: "privileged",
    "pod-security.kubernetes.io/audit": "restricted",
  });
  expect(gpus.metadata.annotations).toEqual({
    "deepseek.local/pod-security-exemption": GPU_NAMESPACE_EXEMPTION,
  });
});
