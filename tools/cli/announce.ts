/**
 * The end of `up local`: waits until the first answer has come through edge, gateway and model
 * server, then prints where the service is and a line that calls it.
 */
import path from "node:path";
import { Agent, request } from "undici";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { createProgress } from "../base/progress.ts";
import { UserError } from "../base/user-error.ts";
import { type PropertyMap, revealMap } from "../engine/values.ts";
import type { Outcome } from "./operate.ts";

// All pods are ready by now; what may be missing is a rule of kube-proxy.
const FIRST_ANSWER_TIMEOUT_MS = 30_000;
const RETRY_MS = 250;

interface LocalOutputs {
  readonly url: string;
  readonly apiKey: string;
  readonly adminUser: string;
  readonly caCertificate: string;
  readonly models: readonly string[];
}

export async function announceLocal({ session, result }: Outcome): Promise<void> {
  const outputs = localOutputs(revealMap(result.outputs));
  const caFile = path.join(session.environment.stateDir, "ca.pem");
  await writeFileAtomic(caFile, outputs.caCertificate);
  if (session.call.flags.text("kubeconfig") === undefined) {
    await createProgress().step("first answer through the edge", () => firstAnswer(outputs));
  }
  if (session.call.flags.on("json")) return;
  const model = outputs.models[0] ?? "";
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] });
  process.stdout.write(
    [
      "",
      `The service is at ${outputs.url} (model servers are simulated; everything else is real).`,
      "",
      `  models         ${outputs.models.join(", ")}`,
      `  first API key  ${outputs.apiKey}`,
      `  console        ${outputs.url}/console`,
      `  administrator  ${outputs.adminUser} (password: npm run -s outputs -- local --json --show-secrets)`,
      `  authority      ${caFile}`,
      "",
      "Call it:",
      "",
      `  curl --silent --show-error --cacert ${caFile} ${outputs.url}/v1/chat/completions -H 'Authorization: Bearer ${outputs.apiKey}' -H 'Content-Type: application/json' -d '${body}'`,
      "",
      "",
    ].join("\n"),
  );
}

function localOutputs(outputs: PropertyMap): LocalOutputs {
  const { url, apiKey, adminUser, caCertificate, models } = outputs;
  if (typeof url !== "string" || typeof apiKey !== "string" || typeof caCertificate !== "string") {
    throw new Error("the local stack must have the outputs url, apiKey and caCertificate");
  }
  const names = Array.isArray(models) ? models.filter((name) => typeof name === "string") : [];
  return { url, apiKey, adminUser: String(adminUser), caCertificate, models: names };
}

async function firstAnswer(outputs: LocalOutputs): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: outputs.caCertificate, timeout: 5_000 } });
  const deadline = Date.now() + FIRST_ANSWER_TIMEOUT_MS;
  let last = "";
  try {
    while (Date.now() < deadline) {
      const answer = await ask(outputs, dispatcher);
      if (answer === "answered") return;
      last = answer;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } finally {
    await dispatcher.destroy();
  }
  throw new UserError(`the service does not answer: ${last}`, {
    where: outputs.url,
    fix: "npm run kubectl -- get pods -A   shows which part is not ready",
    exitCode: 1,
  });
}

async function ask(outputs: LocalOutputs, dispatcher: Agent): Promise<string> {
  try {
    const response = await request(`${outputs.url}/v1/chat/completions`, {
      dispatcher,
      method: "POST",
      headers: {
        authorization: `Bearer ${outputs.apiKey}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        model: outputs.models[0],
        messages: [{ role: "user", content: "ping" }],
        max_tokens: 1,
      }),
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
    });
    const text = await response.body.text();
    return response.statusCode === 200 ? "answered" : `${response.statusCode} ${text}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
