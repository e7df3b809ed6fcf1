import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../values.ts";
import { checkConfig, diffConfig, readConfig } from "./config.ts";

function kubeconfig(server: string, token = "t"): string {
  return JSON.stringify({
    kind: "Config",
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  });
}

describe("checkConfig", () => {
  test("takes what the SDK sends", () => {
    const inputs = {
      clusterIdentifier: "x",
      enableServerSideApply: "true",
      deleteUnreachable: false,
      context: "c",
    };
    expect(checkConfig(inputs).failures).toEqual([]);
  });

  test.each([
    [{ renderYamlToDirectory: "out" }, "renderYamlToDirectory", /npm run render/],
    [{ enableServerSideApply: "false" }, "enableServerSideApply", /server-side apply/],
    [{ skipUpdateUnreachable: "true" }, "skipUpdateUnreachable", /not supported/],
    [{ contxt: "a" }, "contxt", /not a setting/],
    [{ namespace: 3 }, "namespace", /must be text/],
    [{ deleteUnreachable: "perhaps" }, "deleteUnreachable", /true or false/],
  ])("%j is refused with a fix", (inputs, property, reason) => {
    const [failure] = checkConfig(inputs).failures;
    expect(failure?.property).toBe(property);
    expect(failure?.reason).toMatch(reason);
  });
});

describe("diffConfig follows Pulumi's rule", () => {
  const a = kubeconfig("https://a");
  const b = kubeconfig("https://b");

  test("another server replaces, another token does not", () => {
    expect(diffConfig({ kubeconfig: a }, { kubeconfig: b }, {}).replaces).toEqual(["kubeconfig"]);
    const renewed = diffConfig(
      { kubeconfig: a },
      { kubeconfig: kubeconfig("https://a", "new") },
      {},
    );
    expect(renewed.replaces).toEqual([]);
    expect(renewed.changes).toEqual({ kubeconfig: { kind: "update", replace: false } });
  });

  test("an equal clusterIdentifier replaces nothing, a changed one does, a new one does not", () => {
    const of = (clusterIdentifier: string, text: string) => ({
      clusterIdentifier,
      kubeconfig: text,
    });
    expect(diffConfig(of("x", a), of("x", b), {}).replaces).toEqual([]);
    expect(diffConfig(of("x", a), of("y", a), {}).replaces).toEqual(["clusterIdentifier"]);
    expect(diffConfig({ kubeconfig: a }, of("x", a), {}).replaces).toEqual([]);
  });

  test("a kubeconfig that is not known yet may be another cluster's", () => {
    expect(diffConfig({ kubeconfig: a }, { kubeconfig: UNKNOWN }, {}).replaces).toEqual([
      "kubeconfig",
    ]);
    expect(readConfig({ kubeconfig: UNKNOWN }, {}).unknownCluster).toBe(true);
  });

  test("nothing changed is no change", () => {
    expect(diffConfig({ kubeconfig: a }, { kubeconfig: a }, {}).changes).toEqual({});
  });
});
