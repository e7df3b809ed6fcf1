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

  test("leave out what is no Kubernetes object, and refuse a name used twice", () => {
    const bucket = { ...map, type: "aws:s3/bucket:Bucket" };
    expect(renderFiles([bucket], { showSecrets: false })).toEqual([]);
    expect(() => renderFiles([map, map], { showSecrets: false })).toThrow(/twice/);
  });
});
