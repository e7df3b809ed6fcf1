/** Documents for administrators: exactly the paths that were granted, and what an API server reads. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { named } from "../stacks/test-objects.ts";
import { KmsProvider, kmsDocuments } from "./kms-provider.ts";
import { type OpenBaoSettings, openBaoDocuments } from "./openbao-documents.ts";
import { OpenBaoKeys } from "./openbao-keys.ts";
import { make } from "./test-program.ts";

const SERVER = { namespace: "deepseek", name: "model-server" };
const SEALER = { namespace: "deepseek", name: "weights-sealer" };
const SETTINGS: OpenBaoSettings = {
  address: "https://openbao.hospital.internal:8200",
  mount: "transit",
  authMount: "kubernetes-deepseek",
  audience: "openbao",
  rotationDays: 90,
  grants: [
    { purpose: "weights", account: SERVER, may: ["open"] },
    { purpose: "weights", account: SEALER, may: ["seal", "open"] },
    { purpose: "patient", account: SEALER, may: ["seal"] },
  ],
};

describe("OpenBao's documents", () => {
  const documents = openBaoDocuments(SETTINGS);
  const policies = Object.entries(documents).filter(([name]) => name.endsWith(".hcl"));

  test("grant each account its own verb on its own key, without a wildcard", () => {
    const paths = (text: string) =>
      [...text.matchAll(/^path "([^"]+)" \{\n {2}capabilities = \["update"\]\n\}$/gm)].map(
        ([, path]) => path,
      );
    expect(Object.fromEntries(policies.map(([name, text]) => [name, paths(text)]))).toEqual({
      "policy-deepseek-weights-deepseek-model-server.hcl": ["transit/decrypt/deepseek-weights"],
      "policy-deepseek-weights-deepseek-weights-sealer.hcl": [
        "transit/encrypt/deepseek-weights",
        "transit/decrypt/deepseek-weights",
      ],
      "policy-deepseek-patient-deepseek-weights-sealer.hcl": ["transit/encrypt/deepseek-patient"],
    });
    for (const [, text] of policies) {
      const rules = text.split("\n").filter((line) => !line.startsWith("#"));
      expect(rules.join("\n")).not.toMatch(/[*+]|sudo|"(read|list|create|delete)"/);
      expect(text.match(/path /g)).toHaveLength(paths(text).length);
    }
  });

  test("make every key once, neither exportable nor deletable, and apply every policy", () => {
    const script = documents["bootstrap.sh"] ?? "";
    const { status, stderr } = spawnSync("sh", ["-n"], { input: script, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(script.match(/type=aes256-gcm96/g)).toHaveLength(2);
    expect(script.match(/exportable=false allow_plaintext_backup=false/g)).toHaveLength(2);
    expect(script.match(/deletion_allowed=false auto_rotate_period=2160h/g)).toHaveLength(2);
    for (const [name] of policies) expect(script).toContain(` ${name}\n`);
    expect(script.match(/token_no_default_policy=true/g)).toHaveLength(3);
    expect(script).not.toMatch(/service_account_n\w+=\*/);
  });

  test("lie in the cluster, and a program that was granted nothing is told so at once", async () => {
    const program = await make(() => {
      const keys = new OpenBaoKeys("keys", { ...SETTINGS, namespace: "deepseek" });
      expect(() => keys.keyFor("patient", SERVER)).toThrow(/no grant for the key of patient/);
      return { documents: keys.documents, key: keys.keyFor("weights", SERVER) };
    });
    expect(program.outputs["key"]).toEqual({
      address: "https://openbao.hospital.internal:8200",
      mount: "transit",
      key: "deepseek-weights",
      authMount: "kubernetes-deepseek",
      role: "deepseek-weights-deepseek-model-server",
      audience: "openbao",
    });
    expect(named("ConfigMap", "openbao-documents", program).data).toEqual(documents);
  });
});

describe("the API servers' documents", () => {
  const ARGS = {
    plugin: "openbao",
    socket: "/run/kms/openbao.sock",
    resources: ["secrets", "configmaps"],
  };
  const documents = kmsDocuments(ARGS);
  const providers = (name: string) => {
    const { resources } = JSON.parse(documents[name] ?? "") as {
      resources: { resources: string[]; providers: object[] }[];
    };
    return resources.map((one) => [one.resources, one.providers]);
  };

  test("write with the plugin first, read what is in clear at the beginning only", () => {
    const kms = {
      apiVersion: "v2",
      name: "openbao",
      endpoint: "unix:///run/kms/openbao.sock",
      timeout: "3s",
    };
    expect(providers("encryption-1-begin.json")).toEqual([
      [ARGS.resources, [{ kms }, { identity: {} }]],
    ]);
    expect(providers("encryption-2-only.json")).toEqual([[ARGS.resources, [{ kms }]]]);
  });

  test("say that no kubeconfig can set it, and how to see that it holds", async () => {
    const program = await make(() => {
      new KmsProvider("kms", { ...ARGS, namespace: "deepseek" });
      return {};
    });
    const { data, metadata } = named("ConfigMap", "kubernetes-encryption", program);
    expect(metadata.labels["deepseek.local/for"]).toBe("administrators");
    expect(data["README.md"]).toContain("No kubeconfig can set this");
    expect(data["README.md"]).toContain("k8s:enc:kms:v2:openbao:");
  });
});
