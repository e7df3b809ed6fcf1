/** Variables and words of a container, wherever they stand. */
import { describe, expect, test } from "vitest";
import { contextOf } from "../judging/rule.ts";
import { deployment } from "../rules/test-objects.ts";
import { containersOf, podsOf } from "./pods.ts";
import { hasVariable, statedVariable, toldWords, variableOf } from "./variables.ts";

const map = (name: string, data: object, namespace = "deepseek") => ({
  ...{ urn: name, type: "kubernetes:core/v1:ConfigMap", name },
  props: { metadata: { name, namespace }, data },
});
const CONTEXT = contextOf(
  [
    map("first", { LEVEL: "info", KEY: "1" }),
    map("second", { LEVEL: "debug" }),
    map("third", { LEVEL: "trace" }, "elsewhere"),
  ],
  {},
);
const from = (name: string, prefix?: string) => ({ configMapRef: { name }, prefix });
const SECRET = { secretRef: { name: "keys" } };

function containerOf(fields: object) {
  const props = deployment({ containers: [{ name: "main", ...fields }] });
  const [pod] = podsOf("kubernetes:apps/v1:Deployment", props).items;
  const [container] = pod === undefined ? [] : containersOf(pod).items;
  if (container === undefined) throw new Error("there is no container");
  return container;
}

describe("a variable", () => {
  const level = (fields: object) => variableOf(containerOf(fields), "LEVEL", CONTEXT);

  test.each([
    ["written out", { env: [{ name: "LEVEL", value: "warn" }] }, "warn"],
    ["absent", {}, undefined],
    ["from a map", { envFrom: [from("first")] }, "info"],
    ["from the last of two maps", { envFrom: [from("first"), from("second")] }, "debug"],
    ["over a map", { env: [{ name: "LEVEL", value: "warn" }], envFrom: [from("first")] }, "warn"],
    ["under a prefix", { envFrom: [from("first", "LEV")] }, undefined],
    [
      "of a map that stands before a Secret's prefix",
      { envFrom: [from("first"), { ...SECRET, prefix: "S_" }] },
      "info",
    ],
    [
      "by a key of a map",
      {
        env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "second", key: "LEVEL" } } }],
      },
      "debug",
    ],
    [
      "in another variable",
      {
        env: [{ name: "LEVEL", value: "$(OTHER)" }],
        envFrom: [from("second", "X_"), { ...from("first") }],
      },
      "$(OTHER)",
    ],
    [
      "in another variable of a map",
      { env: [{ name: "LEVEL", value: "$(X_LEVEL)" }], envFrom: [from("second", "X_")] },
      "debug",
    ],
    ["that names itself", { env: [{ name: "LEVEL", value: "$(LEVEL)" }] }, "$(LEVEL)"],
    [
      "that is escaped",
      { env: [{ name: "LEVEL", value: "$$(KEY)" }], envFrom: [from("first")] },
      "$$(KEY)",
    ],
  ])("%s", (_, fields, value) => {
    expect(level(fields)).toBe(value);
  });

  test.each([
    ["from a Secret", { envFrom: [SECRET] }, "Secret keys"],
    ["from a Secret over a map", { envFrom: [from("first"), SECRET] }, "Secret keys"],
    ["from a map of another namespace", { envFrom: [from("third")] }, "ConfigMap third"],
    ["from nobody's map", { envFrom: [from("none")] }, "ConfigMap none"],
    [
      "by a key of a Secret",
      { env: [{ name: "LEVEL", valueFrom: { secretKeyRef: { name: "keys", key: "a" } } }] },
      "Secret keys",
    ],
    [
      "from a field of the pod",
      {
        env: [
          { name: "LEVEL", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['a']" } } },
        ],
      },
      "elsewhere",
    ],
    ["from a malformed source", { envFrom: [7] }, "elsewhere"],
  ])("cannot be known %s", (_, fields, words) => {
    expect(() => level(fields)).toThrow(
      `Deployment gateway, container main, variable LEVEL comes from ${words}`,
    );
    const container = containerOf(fields);
    expect(statedVariable(container, "LEVEL", CONTEXT)).toBeUndefined();
    expect(hasVariable(container, "LEVEL", CONTEXT)).toBe(true);
  });

  test("a map that does not hold it is no doubt", () => {
    expect(hasVariable(containerOf({ envFrom: [from("first")] }), "OTHER", CONTEXT)).toBe(false);
  });
});

describe("words", () => {
  const words = (args: readonly string[], env: readonly object[] = []) =>
    toldWords(containerOf({ args, env, envFrom: [from("second")] }), CONTEXT);
  const hidden = { name: "HIDDEN", valueFrom: { secretKeyRef: { name: "keys", key: "a" } } };

  test("are told with the variables that they name", () => {
    expect(words(["--log-level=$(LEVEL)", "$(LEVEL)", "$(NONE)"])).toEqual([
      "--log-level=debug",
      "debug",
      "$(NONE)",
    ]);
  });

  test("a flag's value may come from a Secret, a word that says who knows what may not", () => {
    expect(words(["--password", "$(HIDDEN)", "--key=$(HIDDEN)"], [hidden])).toHaveLength(3);
    expect(() => words(["serve", "$(HIDDEN)"], [hidden])).toThrow("Secret keys");
  });
});
