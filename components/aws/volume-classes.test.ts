import { expect, test } from "vitest";
import { keysHandle, make } from "./test-aws.ts";
import { VolumeClasses, type VolumeClassesArgs } from "./volume-classes.ts";

const classes = (more: Partial<VolumeClassesArgs> = {}) =>
  make(() => ({
    urn: new VolumeClasses("volumes", {
      keys: keysHandle(),
      classes: [
        { name: "encrypted", purpose: "volumes", isDefault: true },
        { name: "patient", purpose: "patient", isDefault: false },
      ],
      onDestroy: "retain",
      ...more,
    }).urn,
  }));

const CLASS = "kubernetes:storage.k8s.io/v1:StorageClass";

test("each class is under the key of its purpose; one is the default", async () => {
  const made = await classes();
  const told = made
    .all(CLASS)
    .map(({ inputs }) => [
      inputs.metadata.name,
      inputs.parameters.encrypted,
      inputs.parameters.kmsKeyId.split("/")[1],
      inputs.metadata.annotations["storageclass.kubernetes.io/is-default-class"],
    ]);
  expect(told).toEqual([
    ["encrypted", "true", "volumes", "true"],
    ["patient", "true", "patient", "false"],
  ]);
});

test("a volume is made where its pod is, and goes or stays as it is told", async () => {
  const policies = async (onDestroy: "retain" | "delete") =>
    (await classes({ onDestroy })).all(CLASS).map(({ inputs }) => inputs.reclaimPolicy);
  expect(await policies("retain")).toEqual(["Retain", "Retain"]);
  expect(await policies("delete")).toEqual(["Delete", "Delete"]);
  for (const { inputs } of (await classes()).all(CLASS)) {
    expect(inputs).toMatchObject({
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    });
  }
});

test("two defaults are refused by name", async () => {
  await make(() => {
    const build = () =>
      new VolumeClasses("volumes", {
        keys: keysHandle(),
        classes: ["a", "b"].map((name) => ({ name, purpose: "volumes", isDefault: true })),
        onDestroy: "delete",
      });
    expect(build).toThrow("a, b");
    return {};
  });
});
