/** A gateway whose models can be trained, and people of two tenants. */
import OpenAI from "openai";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, type HarnessOptions, MODEL, simulate, testModel } from "./test-harness.ts";

export const JOBS = "/v1/fine_tuning/jobs";
export const [owner, colleague, stranger, plain] = [0, 0, 0, 0].map(() => createApiKey()) as [
  string,
  string,
  string,
  string,
];
export const LONG = { GW_FINE_TUNING: "simulated", GW_FINE_TUNING_SIMULATED_SECONDS: "3600" };
export const SHORT = { GW_FINE_TUNING: "simulated", GW_FINE_TUNING_SIMULATED_SECONDS: "0" };

const who = (id: string, tenant: string, roles: string[], models: "*" | string[] = "*") => ({
  id,
  kind: "service",
  tenant,
  tier: "service",
  roles,
  models,
});

export async function startTraining(
  env: Record<string, string> = LONG,
  more: Partial<HarnessOptions> = {},
) {
  const { url } = await simulate();
  const harness = await boot({
    targets: [],
    models: [
      testModel([{ url }], { fineTuning: true }),
      testModel([{ url }], { id: "fixed" }),
      testModel([{ url }], { id: "hidden", fineTuning: true }),
      testModel([{ url }], { id: "ended", fineTuning: true, sunsetAt: "2020-01-01" }),
    ],
    env,
    directory: {
      tenants: ["hospital", "bank"].map((id) => ({ id, name: id })),
      principals: [
        who("owner", "hospital", ["caller", "fine-tuner"], [MODEL, "fixed", "ended"]),
        who("colleague", "hospital", ["fine-tuner"]),
        who("stranger", "bank", ["tenant-admin"]),
        who("plain", "hospital", ["caller"]),
      ],
      apiKeys: Object.entries({ owner, colleague, stranger, plain }).map(([id, key]) => {
        return { id, principal: id, sha256: hashApiKey(key) };
      }),
      accessRules: [
        {
          id: "records-by-name",
          dataClasses: ["patient"],
          endpoints: [JOBS],
          requires: { attributes: { department: ["research"] } },
        },
      ],
    },
    ...more,
  });
  const client = (apiKey = owner) =>
    new OpenAI({ apiKey, baseURL: `${harness.base}/v1`, maxRetries: 0 });
  const ask = async (method: string, at: string, body?: unknown, headers: object = {}) => {
    const answer = await fetch(`${harness.base}${at}`, {
      method,
      headers: { "x-api-key": owner, "content-type": "application/json", ...headers },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const json = (await answer.json()) as { id: string; error: { code: string; param: string } };
    return { status: answer.status, json, headers: answer.headers };
  };
  return { harness, client, ask };
}

export const WANTED = { model: MODEL, training_file: "records-2026.jsonl" };
