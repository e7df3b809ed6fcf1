/**
 * For tests: callers of a deployed stack that remember every answer that was told to be whole, over
 * HTTP (whole and streamed) and on WebSockets. Bounded: they stop by themselves in the end.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, request, WebSocket } from "undici";
import { type StackOutputs, trusting } from "./test-stack.ts";

export const MODEL = "deepseek-llm-7b-chat";
const CHAT = {
  model: MODEL,
  messages: [{ role: "user", content: "What is a ledger?" }],
  max_tokens: 4,
};
/** The load shows what is lost; it need not be heavy. */
const PAUSE_MS = 50;
const LONGEST_MS = 300_000;

export type Way = "whole" | "streamed" | "socket";

export interface Tally {
  /** Request ids of calls whose answer was told to be whole. */
  readonly acknowledged: Set<string>;
  /** Answers with an error, by what they said. */
  readonly refused: Map<string, number>;
  /** Connections that broke before the end of an answer. */
  broken: number;
}

export interface Callers {
  readonly tally: Tally;
  stop(): Promise<Tally>;
}

export function startCallers(
  outputs: StackOutputs,
  dispatcher: Dispatcher,
  ways: Readonly<Record<Way, number>>,
): Callers {
  const tally: Tally = { acknowledged: new Set(), refused: new Map(), broken: 0 };
  const deadline = Date.now() + LONGEST_MS;
  let running = true;
  const goesOn = () => running && Date.now() < deadline;
  const stack = { outputs, dispatcher };
  const lanes = [
    ...Array.from({ length: ways.whole }, () => httpLane(stack, false, tally, goesOn)),
    ...Array.from({ length: ways.streamed }, () => httpLane(stack, true, tally, goesOn)),
    ...Array.from({ length: ways.socket }, () => socketLane(stack, tally, goesOn)),
  ];
  return {
    tally,
    async stop() {
      running = false;
      await Promise.all(lanes);
      return tally;
    },
  };
}

interface Stack {
  readonly outputs: StackOutputs;
  readonly dispatcher: Dispatcher;
}

async function httpLane(
  { outputs, dispatcher }: Stack,
  stream: boolean,
  tally: Tally,
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    const id = randomUUID();
    try {
      const response = await request(`${outputs.url}/v1/chat/completions`, {
        dispatcher,
        method: "POST",
        headers: {
          authorization: `Bearer ${outputs.apiKey}`,
          "content-type": "application/json",
          "x-request-id": id,
        },
        body: JSON.stringify({ ...CHAT, stream }),
      });
      const text = await response.body.text();
      const whole = stream ? text.endsWith("data: [DONE]\n\n") : text.endsWith("}");
      if (response.statusCode === 200 && whole) tally.acknowledged.add(id);
      else count(tally, stream && response.statusCode === 200 ? "stream_broken" : codeIn(text));
    } catch {
      tally.broken += 1;
    }
    await sleep(PAUSE_MS);
  }
}

/** One connection after the other, as many calls on each as it lives for. */
async function socketLane(stack: Stack, tally: Tally, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    const socket = await openSocket(stack).catch(() => null);
    if (socket === null) tally.broken += 1;
    while (socket !== null && goesOn()) {
      const id = randomUUID();
      const end = await socket.call(id).catch(() => null);
      if (end === null) {
        // Closed before anything of this call was told: it was not begun.
        if (socket.closeCode() !== 1001) tally.broken += 1;
        break;
      }
      if (end.type === "done") tally.acknowledged.add(id);
      else count(tally, end.error?.code ?? "none");
      await sleep(PAUSE_MS);
    }
    socket?.close();
    await sleep(PAUSE_MS);
  }
}

interface End {
  readonly type: string;
  readonly error?: { readonly code: string };
}

export interface Socket {
  readonly chunks: unknown[];
  call(id: string): Promise<End>;
  closeCode(): number | null;
  close(): void;
}

export async function openSocket(
  { outputs }: Pick<Stack, "outputs">,
  headers: Readonly<Record<string, string>> = {},
): Promise<Socket> {
  // nginx has no WebSocket over HTTP/2; browsers, too, open a connection of HTTP/1.1 for it.
  const dispatcher = trusting(outputs, { allowH2: false });
  const socket = new WebSocket(`${outputs.url.replace("https:", "wss:")}/v1/streaming/ws`, {
    protocols: ["deepseek.v1", `bearer.${outputs.apiKey}`],
    dispatcher,
    headers,
  });
  const chunks: unknown[] = [];
  let closed: number | null = null;
  let settle: ((end: End | null) => void) | null = null;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as End & { data?: unknown };
    if (message.type === "chunk") chunks.push(message.data);
    else settle?.(message);
  });
  socket.addEventListener("close", ({ code }) => {
    closed = code;
    void dispatcher.close();
    settle?.(null);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => {
      void dispatcher.close();
      reject(new Error("the WebSocket did not open"));
    });
  });
  return {
    chunks,
    closeCode: () => closed,
    close: () => socket.close(),
    call: (id) =>
      new Promise((resolve, reject) => {
        settle = (end) =>
          end === null ? reject(new Error(`closed with ${closed}`)) : resolve(end);
        if (closed !== null) return settle(null);
        const headers = { "x-request-id": id };
        socket.send(JSON.stringify({ type: "chat.completions", headers, body: CHAT }));
      }),
  };
}

function count(tally: Tally, code: string): void {
  tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
}

function codeIn(text: string): string {
  try {
    return (JSON.parse(text) as { error: { code: string } }).error.code;
  } catch {
    return "no JSON";
  }
}
