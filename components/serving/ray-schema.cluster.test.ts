/**
 * What Ray Serve is told, before Ray's own schemas (PyPI, the version of the image): the deployment,
 * the model, and its autoscaling. Ray takes unknown fields at the top in silence, so that each part is
 * judged by the class that refuses them.
 */
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { silentProgress } from "../../tools/base/progress.ts";
import { ensurePython, type Python } from "../../tools/debian/python.ts";
import { type RayServeSettings, rayServeConfiguration } from "./ray-serve-configuration.ts";
import { engineOf, groupEngine } from "./test-models.ts";

const JUDGE = path.join(import.meta.dirname, "fixtures/ray_schema.py");
const REQUIREMENTS = path.join(import.meta.dirname, "fixtures/ray-requirements.txt");

let python: Python;
beforeAll(async () => {
  python = await ensurePython(REQUIREMENTS, silentProgress);
});

async function judged(text: string): Promise<{ fault: string | null; seen: unknown }> {
  const { stdout, stderr, code } = await python.run([JUDGE], { input: text });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

const settings = (changes: Partial<RayServeSettings> = {}): RayServeSettings => ({
  model: "deepseek-llm-7b-chat",
  modelPath: "/models/deepseek-llm-7b-chat",
  engine: engineOf(),
  contextTokensMax: 4_096,
  replicas: { least: 1, most: 3 },
  longestStreamSeconds: 600,
  port: 8_000,
  tlsFolder: "/etc/tls",
  drainSeconds: 610,
  ...changes,
});

describe("Ray's own schemas", () => {
  test.each([
    ["a model of one GPU", settings()],
    ["a model over nodes", settings({ engine: groupEngine(), contextTokensMax: 32_768 })],
  ])("take %s, and read it as it is meant", async (_, wanted) => {
    const { fault, seen } = await judged(rayServeConfiguration(wanted));
    expect(fault).toBeNull();
    expect(seen).toEqual({
      port: 8_000,
      ssl: "/etc/tls/tls.crt",
      route: "/",
      model: "deepseek-llm-7b-chat",
      replicas: [1, 3],
    });
  });

  test.each([
    ["a field of a model that Ray does not know", '"llm_engine"', '"engine_of_llm"'],
    ["a field of the autoscaling", '"min_replicas"', '"minReplicas"'],
    ["the old name of a limit", '"max_ongoing_requests"', '"max_concurrent_queries"'],
    ["a field of a proxy", '"ssl_keyfile"', '"key_file"'],
  ])("refuse %s", async (_, right, wrong) => {
    const { fault } = await judged(rayServeConfiguration(settings()).replace(right, wrong));
    expect(fault).not.toBeNull();
  });
});
