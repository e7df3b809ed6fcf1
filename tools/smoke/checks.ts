/**
 * What a service must do, one check an endpoint, in the order in which a person would try them.
 * A check says what it found; whether that is a fault is the runner's judgement.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Answer, Service } from "./service.ts";

export interface Found {
  readonly answer: Answer | null;
  /** null: as it should be. */
  readonly fault: string | null;
}

export interface Check {
  /** As in the document: `POST /v1/chat/completions`. */
  readonly name: string;
  /** What is particular about it. */
  readonly note?: string;
  readonly run: (service: Service, known: Known) => Promise<Found | string>;
}

/** What earlier checks have learnt. */
export interface Known {
  models: readonly { id: string; ownedBy: string; capabilities: readonly string[] }[];
  contextId: string | null;
}

const QUESTION = "What is a ledger?";
const MESSAGES = [{ role: "user", content: QUESTION }];
const TOKENS = 8;

/** What the answer must hold. */
type Judge = (answer: Answer) => boolean;

/** Members that are not named may be there. */
const holds =
  (shape: z.ZodType): Judge =>
  (answer) =>
    shape.safeParse(answer.json).success;

function found(answer: Answer, status: number, asItShould: boolean, what: string): Found {
  if (answer.status !== status) return { answer, fault: `expected ${status}${codeIn(answer)}` };
  return { answer, fault: asItShould ? null : what };
}

const errorShape = z.object({ error: z.object({ code: z.string() }) });

function codeIn({ json }: Answer): string {
  const { data } = errorShape.safeParse(json);
  return data === undefined ? "" : `: ${data.error.code}`;
}

/** A call whose JSON must satisfy `judge`. */
function plain(name: string, judge: Judge): Check {
  const path = name.split(" ")[1] ?? "";
  return {
    name,
    run: async (service) => {
      const answer = await service.ask(path);
      return found(answer, 200, judge(answer), "not the shape");
    },
  };
}

/** A call of a model that can do this; a text where there is none. */
function model(
  name: string,
  capability: string,
  body: (id: string) => object,
  judge: Judge,
  { note, status = 200 }: { readonly note?: string; readonly status?: number } = {},
): Check {
  const path = name.split(" ")[1] ?? "";
  return {
    name,
    ...(note === undefined ? {} : { note }),
    run: async (service, known) => {
      const one = known.models.find(({ capabilities }) => capabilities.includes(capability));
      if (one === undefined) return `no model for ${capability}`;
      const answer = await service.ask(path, { body: body(one.id) });
      return found(answer, status, judge(answer), "not the shape");
    },
  };
}

const chatBody = (id: string) => ({ model: id, messages: MESSAGES, max_tokens: TOKENS });
const promptBody = (id: string) => ({ model: id, prompt: QUESTION, max_tokens: TOKENS });
const choices = (choice: z.ZodType) => holds(z.object({ choices: z.array(choice).min(1) }));
const isChat = choices(z.object({ message: z.object({ content: z.string() }) }));
const isText = choices(z.object({ text: z.string() }));
const hasList = holds(z.object({ data: z.array(z.object()) }));

/** Events of JSON without an error among them, at least one, and a told end. */
const isStream: Judge = ({ text }) => {
  const lines = text.split("\n").filter((line) => line.startsWith("data: "));
  const events = lines.slice(0, -1).map((line): unknown => JSON.parse(line.slice(6)));
  const whole = lines.at(-1) === "data: [DONE]" && events.length > 0;
  return whole && !events.some((event) => typeof event === "object" && "error" in (event ?? {}));
};

const modelsShape = z.object({
  data: z.array(
    z
      .object({
        id: z.string(),
        owned_by: z.string().catch(""),
        capabilities: z
          .record(z.string(), z.boolean())
          .transform((of) => Object.keys(of).filter((name) => of[name] === true))
          // A service without our capabilities is taken for one whose models chat.
          .catch(["chat"]),
      })
      .transform(({ owned_by: ownedBy, ...model }) => ({ ...model, ownedBy })),
  ),
});

const listModels: Check = {
  name: "GET /v1/models",
  run: async (service, known) => {
    const answer = await service.ask("/v1/models");
    known.models = modelsShape.safeParse(answer.json).data?.data ?? [];
    return found(answer, 200, known.models.length > 0, "no models");
  },
};

const showModel: Check = {
  name: "GET /v1/models/{name}",
  run: async (service, { models }) => {
    const id = models[0]?.id;
    if (id === undefined) return "no model";
    const answer = await service.ask(`/v1/models/${encodeURIComponent(id)}`);
    return found(answer, 200, holds(z.object({ id: z.literal(id) }))(answer), "another model");
  },
};

const nativeShape = z.object({
  code: z.literal(0),
  data: z.object({ text: z.string(), context_id: z.string() }),
});
const converse = model("POST /v1/chat/complete", "chat", promptBody, holds(nativeShape), {
  note: "keeps a conversation",
});

const conversation: Check = {
  ...converse,
  run: async (service, known) => {
    const result = await converse.run(service, known);
    if (typeof result !== "string") {
      known.contextId = nativeShape.safeParse(result.answer?.json).data?.data.context_id ?? null;
    }
    return result;
  },
};

const forget: Check = {
  name: "DELETE /v1/chat/contexts/{name}",
  run: async (service, { contextId }) => {
    if (contextId === null) return "no conversation was kept";
    const path = `/v1/chat/contexts/${encodeURIComponent(contextId)}`;
    const answer = await service.ask(path, { method: "DELETE" });
    return found(answer, 200, holds(z.object({ code: z.literal(0) }))(answer), "not forgotten");
  },
};

const webSocket: Check = {
  name: "GET /v1/streaming/ws",
  note: "a chat over WebSocket",
  run: async (service, { models }) => {
    const one = models.find(({ capabilities }) => capabilities.includes("chat"));
    if (one === undefined) return "no model for chat";
    const call = { type: "chat.completions", id: "1", body: chatBody(one.id) };
    const told = await service.talk("/v1/streaming/ws", "deepseek.v1", call, ["done", "error"]);
    const whole = told.at(-1)?.type === "done" && told.some(({ type }) => type === "chunk");
    return { answer: null, fault: whole ? null : "not the shape" };
  },
};

const jobShape = z.object({ id: z.string(), status: z.string() });
const JOB_ATTEMPTS = 50;
const JOB_PAUSE_MS = 200;

/** A call that is answered later: handed in, asked for until it is done, and forgotten. */
function jobs(path: string, capability: string, body: (id: string) => object): Check[] {
  const handIn = model(`POST ${path}`, capability, body, holds(jobShape), { status: 202 });
  let job: string | null = null;
  return [
    {
      ...handIn,
      run: async (service, known) => {
        const result = await handIn.run(service, known);
        const told = typeof result === "string" ? undefined : result.answer?.json;
        job = jobShape.safeParse(told).data?.id ?? null;
        return result;
      },
    },
    plain(`GET ${path}`, hasList),
    {
      name: `GET ${path}/{name}`,
      note: "until it is done",
      run: async (service) => {
        if (job === null) return "no job was taken";
        let answer = await service.ask(`${path}/${job}`);
        for (let attempt = 1; attempt < JOB_ATTEMPTS && !isOver(answer); attempt += 1) {
          await sleep(JOB_PAUSE_MS);
          answer = await service.ask(`${path}/${job}`);
        }
        return found(answer, 200, isDone(answer), "not done in time");
      },
    },
    {
      name: `DELETE ${path}/{name}`,
      run: async (service) => {
        if (job === null) return "no job was taken";
        const answer = await service.ask(`${path}/${job}`, { method: "DELETE" });
        // One that is done cannot be cancelled any more; both are right.
        return found(answer, answer.status === 409 ? 409 : 200, true, "");
      },
    },
  ];
}

const tuningShape = z.object({ id: z.string(), object: z.literal("fine_tuning.job") });
const TUNINGS = "/v1/fine_tuning/jobs";

/** A job is only begun where training is simulated, and cancelled at once: it would take accelerators. */
function fineTuning(): Check[] {
  let job: string | null = null;
  const one = (method: "GET" | "POST", more: string, judge: Judge): Check => ({
    name: `${method} ${TUNINGS}/{name}${more}`,
    run: async (service) => {
      if (job === null) return "no fine-tuning job was made";
      const answer = await service.ask(`${TUNINGS}/${job}${more}`, { method });
      // One that is done cannot be cancelled any more; both are right.
      return found(
        answer,
        answer.status === 409 ? 409 : 200,
        answer.status === 409 || judge(answer),
        "not the shape",
      );
    },
  });
  return [
    {
      name: `POST ${TUNINGS}`,
      run: async (service, { models }) => {
        const model = models.find(({ capabilities }) => capabilities.includes("fine_tuning"));
        if (model === undefined) return "no model for fine_tuning";
        const simulated = model.ownedBy === "simulated";
        if (!simulated) return "it would take accelerators";
        const body = { model: model.id, training_file: "smoke.jsonl" };
        const answer = await service.ask(TUNINGS, { body });
        job = tuningShape.safeParse(answer.json).data?.id ?? null;
        if (answer.status === 501) return "no fine-tuning here";
        return found(answer, 200, job !== null, "not the shape");
      },
    },
    plain(`GET ${TUNINGS}`, hasList),
    one("GET", "", holds(tuningShape)),
    one("GET", "/events", hasList),
    one("POST", "/cancel", holds(tuningShape)),
  ];
}

const isDone = holds(z.object({ status: z.literal("succeeded"), result: z.object() }));
const isOver = holds(z.object({ status: z.enum(["succeeded", "failed", "cancelled"]) }));

/** Refusals: a service that lets anybody in is worse than one that is away. */
const REFUSALS: readonly Check[] = [
  {
    name: "GET /v1/models",
    note: "with a wrong key",
    run: async (service) => {
      const answer = await service.ask("/v1/models", { key: "sk-no-such-key" });
      return found(answer, 401, true, "");
    },
  },
  {
    name: "GET /no-such-path",
    run: async (service) => found(await service.ask("/no-such-path"), 404, true, ""),
  },
  {
    name: "POST /token",
    note: "with a wrong password",
    run: async (service) => {
      const form = { grant_type: "password", username: "nobody", password: "not a password" };
      const answer = await service.ask("/token", { form, key: null });
      const refused = answer.status === 400 || answer.status === 401 || answer.status === 429;
      return { answer, fault: refused ? null : "let in" };
    },
  },
];

export const CHECKS: readonly Check[] = [
  plain("GET /", holds(z.object())),
  plain("GET /health", holds(z.object({ status: z.literal("healthy") }))),
  plain("GET /livez", holds(z.object())),
  plain("GET /readyz", holds(z.object())),
  plain(
    "GET /openapi.json",
    holds(z.object({ openapi: z.string().startsWith("3."), paths: z.object() })),
  ),
  plain("GET /v1/quota/requests", holds(z.object({ data: z.array(z.unknown()) }))),
  plain("GET /users/me", holds(z.object({ username: z.string() }))),
  listModels,
  showModel,
  model("POST /v1/chat/completions", "chat", chatBody, isChat),
  model(
    "POST /v1/chat/completions",
    "chat",
    (id) => ({ ...chatBody(id), stream: true }),
    isStream,
    { note: "streamed" },
  ),
  model("POST /v1/chat", "chat", chatBody, isChat),
  model("POST /v1/streaming/chat", "chat", chatBody, isStream),
  webSocket,
  model("POST /v1/completions", "completion", promptBody, isText),
  model("POST /v1/streaming/completions", "completion", promptBody, isStream),
  model(
    "POST /v1/embeddings",
    "embedding",
    (id) => ({ model: id, input: [QUESTION, "b"] }),
    holds(z.object({ data: z.array(z.object()).length(2) })),
  ),
  conversation,
  forget,
  model(
    "POST /v1/risk/decisions",
    "chat",
    (id) => ({ model: id, transaction: { amount: "12.00", currency: "CNY" } }),
    holds(z.object({ decision: z.enum(["approve", "review", "refuse"]) })),
  ),
  ...jobs("/v1/async/completions", "completion", promptBody),
  ...jobs("/v1/async/chat/completions", "chat", chatBody),
  ...fineTuning(),
  plain("GET /v1/usage", hasList),
  plain("GET /v1/usage/daily", hasList),
  plain("GET /v1/quota", hasList),
  plain("GET /console/data", holds(z.object({ series: z.array(z.unknown()) }))),
  ...REFUSALS,
];
