/** Whose object is it, whose field, and what may be told about it: against a real API server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../base/user-error.ts";
import { secret } from "../../values.ts";
import { field } from "./kube-object.ts";
import { createKubernetesProvider } from "./provider.ts";
import {
  CONFIG_MAP,
  type Contract,
  configMap,
  DEPLOYMENT,
  deployment,
  SECRET,
  startContract,
  story,
  thrown,
} from "./test-contract.ts";
import { testStack } from "./test-stack.ts";

let contract: Contract;

beforeAll(async () => {
  contract = await startContract(process.env.KUBE_BINARY);
});

afterAll(async () => {
  await contract?.stop();
});

describe("ownership", () => {
  test("a conflict names the manager and the field, patchForce takes it", async () => {
    const made = await contract.stack.create(DEPLOYMENT, "owned", deployment("owned", 0));
    await contract.server.kubectl(["scale", "deployment", "owned", "--replicas=2"]);
    const error = await thrown(
      contract.stack.update(made, deployment("owned", 0, { minReadySeconds: 1 })),
    );
    expect(story(error)).toMatch(/kubectl holds \.spec\.replicas.*patchForce/s);
    const forced = deployment("owned", 0, { minReadySeconds: 1 });
    const metadata = { name: "owned", annotations: { "pulumi.com/patchForce": "true" } };
    const updated = await contract.stack.update(made, { ...forced, metadata });
    expect(field(await contract.live("deployment", "owned"), "spec", "replicas")).toBe(0);
    await contract.stack.delete(updated);
  });

  test("ignoreChanges leaves a field to whoever scales", async () => {
    const made = await contract.stack.create(DEPLOYMENT, "scaled", deployment("scaled", 0));
    await contract.server.kubectl([
      "patch",
      "deployment",
      "scaled",
      "--type=merge",
      "-p",
      '{"spec":{"replicas":3}}',
      "--field-manager=autoscaler",
    ]);
    const wanted = deployment("scaled", 0, { minReadySeconds: 1 });
    const metadata = { name: "scaled", annotations: { "pulumi.com/skipAwait": "true" } };
    await contract.stack.diff(made, { ...wanted, metadata }, ["spec.replicas"]);
    const updated = await contract.stack.update(made, { ...wanted, metadata });
    expect(field(await contract.live("deployment", "scaled"), "spec", "replicas")).toBe(3);
    await contract.stack.delete(updated);
  });

  test("an object of someone else is left alone; upsertExistingObjects adopts it", async () => {
    await contract.server.kubectl(["create", "configmap", "foreign", "--from-literal=a=1"]);
    const error = await thrown(
      contract.stack.create(CONFIG_MAP, "foreign", configMap({ a: "2" }, "foreign")),
    );
    expect(story(error)).toMatch(/already exists.*upsertExistingObjects/s);
    expect(
      (
        await thrown(
          contract.stack.preview(CONFIG_MAP, "foreign", configMap({ a: "2" }, "foreign")),
        )
      ).message,
    ).toMatch(/already exists/);
    const upsert = await contract.newProvider({
      upsertExistingObjects: true,
      enablePatchForce: true,
    });
    const own = testStack(upsert);
    const adopted = await own.create(CONFIG_MAP, "foreign", configMap({ a: "2" }, "foreign"));
    await own.delete(adopted);
    await upsert.close();
  });

  test("what was applied just before a crash is adopted by the next run", async () => {
    const first = await contract.stack.create(
      CONFIG_MAP,
      "crashed",
      configMap({ a: "1" }, "crashed"),
    );
    const nextRun = await contract.newProvider();
    const second = await testStack(nextRun).create(
      CONFIG_MAP,
      "crashed",
      configMap({ a: "1" }, "crashed"),
    );
    expect(field(second.outputs, "metadata", "uid")).toBe(field(first.outputs, "metadata", "uid"));
    await nextRun.close();
    const error = await thrown(
      contract.stack.create(CONFIG_MAP, "crashed", configMap({ a: "1" }, "crashed")),
    );
    expect(story(error)).toMatch(/deleteBeforeReplace/);
    await contract.stack.delete(second);
  });

  test("what the real provider created is taken over without a conflict", async () => {
    const object = {
      ...configMap({ a: "1" }, "theirs"),
      metadata: { name: "theirs", namespace: "default" },
    };
    await contract.server.kubectl(
      ["create", "-f", "-", "--field-manager=pulumi-kubernetes"],
      JSON.stringify(object),
    );
    const outputs = {
      ...object,
      __inputs: object,
      __fieldManager: "pulumi-kubernetes-0a1b2c3d",
      __initialApiVersion: "v1",
    };
    const mutable = await contract.newProvider({ enableConfigMapMutable: true });
    const own = testStack(mutable);
    const before = {
      type: CONFIG_MAP,
      name: "theirs",
      id: "default/theirs",
      inputs: object,
      outputs,
    };
    const updated = await own.update(before, configMap({ b: "2" }, "theirs"));
    const now = await contract.live("configmap", "theirs");
    expect(now.data).toEqual({ b: "2" });
    expect(updated.outputs.__fieldManager).toBe("pulumi-kubernetes-0a1b2c3d");
    await own.delete(updated);
    await mutable.close();
  });
});

describe("what is told", () => {
  test("no secret is in any text, whatever the API server quotes", async () => {
    const word = "hunter2-is-a-secret-word";
    const short = "qz7";
    const wrong = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "leaky" },
      spec: {
        restartPolicy: secret(word),
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "c", image: "example/a:1", imagePullPolicy: secret(short) }],
      },
    };
    const works = [
      () => contract.stack.preview("kubernetes:core/v1:Pod", "leaky", wrong),
      () => contract.stack.create("kubernetes:core/v1:Pod", "leaky", wrong),
    ];
    for (const work of works) {
      const text = story(await thrown(work()));
      expect(text).toMatch(/restartPolicy/);
      expect(text).not.toContain(word);
      expect(text).not.toContain(short);
    }
    const badData = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "bad" },
      data: { a: "%%%not-base64%%%" },
    };
    expect(story(await thrown(contract.stack.create(SECRET, "bad", badData)))).not.toContain(
      "not-base64",
    );
  });

  test("an unreachable API server and refused credentials are named at once", async () => {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "gone",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:9" } }],
      users: [],
      contexts: [{ name: "gone", context: { cluster: "c", user: "" } }],
    };
    const away = createKubernetesProvider({ environment: {} });
    await away.configure({ kubeconfig: JSON.stringify(config) });
    const error = await thrown(testStack(away).create(CONFIG_MAP, "x", configMap({}, "x")));
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(2);
    expect(story(error)).toMatch(/https:\/\/127\.0\.0\.1:9 cannot be reached/);
    expect((error as UserError).where).toMatch(/"gone"/);
    const stranger = createKubernetesProvider({ environment: {} });
    const cluster = { server: contract.server.server, "insecure-skip-tls-verify": true };
    await stranger.configure({
      kubeconfig: JSON.stringify({
        ...config,
        clusters: [{ name: "c", cluster }],
        users: [{ name: "", user: { token: "wrong-token-value" } }],
      }),
    });
    const refused = await thrown(testStack(stranger).create(CONFIG_MAP, "x", configMap({}, "x")));
    expect(story(refused)).toMatch(/does not accept these credentials/);
    expect(story(refused)).not.toContain("wrong-token-value");
    await stranger.close();
  });

  test("an unchanged resource costs no request and next to no time", async () => {
    const offline = createKubernetesProvider({ environment: { KUBECONFIG: "/nonexistent" } });
    await offline.configure({});
    const own = testStack(offline);
    const inputs = { ...deployment("same", 3), metadata: { name: "same", namespace: "default" } };
    const checked = await own.check(DEPLOYMENT, "same", inputs);
    const started = performance.now();
    for (let index = 0; index < 500; index += 1) {
      const diff = await own.diff(
        { type: DEPLOYMENT, name: "same", id: "default/same", inputs: checked, outputs: checked },
        inputs,
      );
      expect(diff.changes).toEqual({});
    }
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
