/**
 * Callers with a habit: one who calls more often than its quota lets it and uses a listed word, two who share
 * a quota of one call at a time and wait for each other, one on WebSockets. The local stack has keys for
 * them (Pulumi.local.yaml); on a stack that has not, they stay away.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, WebSocket } from "undici";
import type { Place } from "./place.ts";

/** One caller: a call, what came of it, a pause. */
export interface Lane {
  readonly pauseMs: number;
  /** null: it came to nothing, and nobody is to blame. */
  readonly call: (turn: number) => Promise<string | null>;
}

interface Habits {
  readonly place: Pick<Place, "url" | "apiKey" | "apiKeys" | "ca">;
  readonly model: string;
  /** A chat; resolves with its status and code. */
  readonly asked: (body: object, apiKey: string) => Promise<string>;
}

/** Names of identities. */
const TRIAL = "trial";
const PATIENT = "patient";
/** The local stack's word list has it, in a mode that only records. */
const LISTED_WORD = "simulated-secret";
/** Thirty calls a minute, where twenty are allowed: a twentieth of all calls is refused, not the fifth of the alert. */
const TRIAL_PAUSE_MS = 2_000;
const PATIENT_PAUSE_MS = 1_000;
const SOCKET_PAUSE_MS = 3_000;
const CALLS_OF_A_SOCKET = 4;
const SOCKET_TIMEOUT_MS = 60_000;
/** Said by a gateway that leaves: whoever was not told anything yet asks the next one. */
const GOING_AWAY = 1001;

/** At the most, lanes that send by the shared connections. */
export const HABITS = 3;

export function lanesOf(habits: Habits): Lane[] {
  const { apiKeys } = habits.place;
  const patient = {
    pauseMs: PATIENT_PAUSE_MS,
    call: () => chat(habits, PATIENT, "waits", "ledger"),
  };
  return [
    ...(apiKeys[TRIAL] === undefined
      ? []
      : [
          {
            pauseMs: TRIAL_PAUSE_MS,
            call: () => chat(habits, TRIAL, "over quota", `A ${LISTED_WORD} of a ledger?`),
          },
        ]),
    ...(apiKeys[PATIENT] === undefined ? [] : [patient, patient]),
    { pauseMs: SOCKET_PAUSE_MS, call: () => onSocket(habits) },
  ];
}

async function chat(
  { place, model, asked }: Habits,
  who: string,
  name: string,
  content: string,
): Promise<string> {
  const messages = [{ role: "user", content }];
  return `${name} ${await asked({ model, messages, max_tokens: 24 }, place.apiKeys[who] ?? "")}`;
}

/** A connection, some calls on it one after the other, and the end of it. */
async function onSocket({ place, model }: Habits): Promise<string | null> {
  const { url, apiKey, ca } = place;
  // nginx has no WebSocket over HTTP/2.
  const dispatcher = new Agent({ connect: { ca }, allowH2: false });
  const protocols = ["deepseek.v1", `bearer.${apiKey}`];
  const address = `${url.replace(/^http/, "ws")}/v1/streaming/ws`;
  const socket = new WebSocket(address, { protocols, dispatcher });
  const messages = [{ role: "user", content: "What is a ledger?" }];
  const body = { model, messages, max_tokens: 24 };
  let left = CALLS_OF_A_SOCKET;
  const ask = () => {
    left -= 1;
    socket.send(JSON.stringify({ type: "chat.completions", body }));
  };
  const ended = new Promise<string | null>((resolve) => {
    socket.addEventListener("open", ask);
    socket.addEventListener("error", () => resolve("socket did not open or broke"));
    socket.addEventListener("close", ({ code }) =>
      resolve(code === GOING_AWAY ? null : `socket closed ${code}`),
    );
    socket.addEventListener("message", ({ data }) => {
      const { type, error } = JSON.parse(String(data)) as Message;
      if (type === "chunk") return;
      if (type !== "done") resolve(`socket ${error?.code ?? type}`);
      else if (left === 0) resolve("socket 200");
      else ask();
    });
  });
  const late = new AbortController();
  const limit = sleep(SOCKET_TIMEOUT_MS, "socket too late", { signal: late.signal });
  try {
    return await Promise.race([ended, limit]);
  } finally {
    late.abort();
    await limit.catch(() => {});
    socket.close();
    await dispatcher.destroy();
  }
}

interface Message {
  readonly type: string;
  readonly error?: { readonly code: string };
}
