/** For tests: clients of the gateway's WebSocket that keep what they receive. */
import { once } from "node:events";
import type http from "node:http";
import { WebSocket as Client, type ClientOptions } from "ws";
import { CHAT, type Harness, onEnd } from "./test-harness.ts";

export const PATH = "/v1/streaming/ws";
export const PROTOCOL = "deepseek.v1";

export type Message = Record<string, unknown> & { type: string; id?: string };

export const addressOf = (harness: Harness) => `${harness.base.replace("http", "ws")}${PATH}`;
export const call = (id: string | undefined, body: object = {}, more: object = {}) =>
  JSON.stringify({ type: "chat.completions", id, body: { ...CHAT, ...body }, ...more });

/** A connection that keeps what it receives. */
export async function connect(
  harness: Harness,
  options: ClientOptions = {},
  protocols: string[] = [],
) {
  const headers = options.headers ?? { authorization: `Bearer ${harness.key}` };
  const socket = new Client(addressOf(harness), protocols, { ...options, headers });
  onEnd(() => socket.terminate());
  const messages: Message[] = [];
  socket.on("message", (data) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await once(socket, "open");
  const ended = (id?: string) =>
    messages.find((one) => one.id === id && one.type !== "chunk" && one.type !== "cancelled");
  return { socket, messages, closed, ended };
}

/** The answer to an upgrade that is refused. */
export async function refusal(
  harness: Harness,
  headers: Record<string, string>,
  protocols?: string[],
) {
  const socket = new Client(addressOf(harness), protocols, { headers });
  socket.on("error", () => {});
  const [, response] = (await once(socket, "unexpected-response")) as [
    unknown,
    http.IncomingMessage,
  ];
  let text = "";
  for await (const part of response) text += part;
  return { status: response.statusCode, code: JSON.parse(text).error.code as string };
}

/** A call each time; shows how the one before it ended. */
export function repeat(socket: Client, ended: (id: string) => Message | undefined) {
  let tries = 0;
  return () => {
    tries += 1;
    socket.send(call(`again-${tries}`, { max_tokens: 1 }));
    return JSON.stringify(ended(`again-${tries - 1}`) ?? {});
  };
}
