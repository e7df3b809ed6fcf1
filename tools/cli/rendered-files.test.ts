import { describe, expect, test } from "vitest";
import type { ResourceState } from "../engine/resource.ts";
import { secret } from "../engine/values.ts";
import { renderFiles } from "./rendered-files.ts";

function resource(inputs: NonNullable<ResourceState["inputs"]>): ResourceState {
  return { urn: "urn:x", custom: true, type: "kubernetes:core/v1:ConfigMap", inputs };
}

describe("rendered files", () => {
  const map = resource({
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "edge", namespace: "deepseek" },
    data: { "nginx.conf": "worker_processes 1;\n" },
  });

  test("are one YAML file per object, and each configuration file by itself", () => {
    const files = renderFiles([map], { showSecrets: false });
    expect(files.map((file) => file.path)).toEqual([
      "deepseek/configmap-edge.yaml",
      "deepseek/configmap-edge/nginx.conf",
    ]);
    expect(files[1]?.content).toBe("worker_processes 1;\n");
  });

  test("hold secrets only where asked", () => {
    const object = resource({
      kind: "Secret",
      apiVersion: "v1",
      metadata: { name: "s" },
      stringData: secret({ password: "hunter2" }),
    });
    expect(renderFiles([object], { showSecrets: false })[0]?.content).not.toContain("hunter2");
    expect(renderFiles([object], { showSecrets: true })[0]?.content).toContain("hunter2");
  });

  test("hold what the cloud is asked for, with the names of resources for their ids", () => {
    const cloud = (kind: string, name: string, more: Partial<ResourceState>): ResourceState => ({
      ...{ urn: `urn:pulumi:dev::p::aws:${kind}::${name}`, custom: true, type: `aws:${kind}` },
      ...more,
    });
    const key = cloud("kms/key:Key", "weights", {
      id: "0000-1111-2222",
      inputs: { __defaults: [], description: "weights of models" },
      outputs: { arn: "arn:aws:kms:eu:key/0000-1111-2222", description: "weights of models" },
    });
    const bucket = cloud("s3/bucket:Bucket", "weights", {
      inputs: {
        bucket: "weights-of-models",
        key: "arn:aws:kms:eu:key/0000-1111-2222",
        policy: '{"key":"0000-1111-2222"}',
        password: secret("hunter2-hunter2"),
      },
    });
    expect(renderFiles([key, bucket], { showSecrets: false })).toEqual([
      { path: "cloud/kms-Key-weights.inputs", content: "description: weights of models\n" },
      {
        path: "cloud/s3-Bucket-weights.inputs",
        content:
          "bucket: weights-of-models\nkey: (kms-Key-weights.arn)\n" +
          'password: "[secret]"\npolicy: \'{"key":"(kms-Key-weights.id)"}\'\n',
      },
    ]);
  });

  test("leave out what is neither, and refuse a name used twice", () => {
    const password = { ...map, type: "random:index/randomPassword:RandomPassword" };
    expect(renderFiles([password], { showSecrets: false })).toEqual([]);
    expect(() => renderFiles([map, map], { showSecrets: false })).toThrow(/twice/);
  });
});
